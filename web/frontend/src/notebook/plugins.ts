// The curated list of JupyterLab's plugins on the first screen. What is not
// needed to see and run a notebook is in late.ts.
import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import application from '@jupyterlab/application-extension';
import apputils from '@jupyterlab/apputils-extension';
import cellToolbar from '@jupyterlab/cell-toolbar-extension';
import codemirror from '@jupyterlab/codemirror-extension';
import completer from '@jupyterlab/completer-extension';
import docmanager from '@jupyterlab/docmanager-extension';
import documentsearch from '@jupyterlab/documentsearch-extension';
import filebrowser from '@jupyterlab/filebrowser-extension';
import mainmenu from '@jupyterlab/mainmenu-extension';
import markedparser from '@jupyterlab/markedparser-extension';
import mathjax from '@jupyterlab/mathjax-extension';
import metadataform from '@jupyterlab/metadataform-extension';
import notebook from '@jupyterlab/notebook-extension';
import rendermime from '@jupyterlab/rendermime-extension';
import running from '@jupyterlab/running-extension';
import shortcuts from '@jupyterlab/shortcuts-extension';
import statusbar from '@jupyterlab/statusbar-extension';
import toc from '@jupyterlab/toc-extension';
import tooltip from '@jupyterlab/tooltip-extension';
import uiComponents from '@jupyterlab/ui-components-extension';

type Plugin = JupyterFrontEndPlugin<unknown>;

/** Plugins left out, by name after `@jupyterlab/`, each for its reason. */
const LEFT_OUT = new Set([
  // Ours take their place: layout.ts, location.ts, settings.ts, shell.ts, state.ts.
  'application-extension:main',
  'application-extension:tree-resolver',
  'application-extension:logo',
  'application-extension:layout',
  'application-extension:notfound',
  'apputils-extension:settings-connector',
  'apputils-extension:state',
  'apputils-extension:resolver',
  'apputils-extension:workspaces',
  'apputils-extension:splash',
  // News of another project, from another host.
  'apputils-extension:announcements',
  'apputils-extension:licenses-client',
  'apputils-extension:licenses-plugin',
  // Addresses of JupyterLab's own pages, which this server does not have.
  'docmanager-extension:open-browser-tab',
  'filebrowser-extension:open-browser-tab',
  'filebrowser-extension:share-file',
  // Needs nbconvert.
  'notebook-extension:export',
  // Kernels that speak subshells or LSP.
  'apputils-extension:subshell-settings',
  'notebook-extension:language-server',
  // Come with the console and the editor, in late.ts.
  'tooltip-extension:consoles',
  'tooltip-extension:files',
  // Needs the log console, in late.ts.
  'notebook-extension:log-output'
]);

function all(modules: unknown[]): Plugin[] {
  return modules.flatMap(m => m as Plugin | Plugin[]);
}

/** The plugins of modules, whether one or a list, without those left out. */
export function pluginsOf(modules: unknown[]): Plugin[] {
  return all(modules).filter(
    p => !LEFT_OUT.has(p.id.replace('@jupyterlab/', ''))
  );
}

/** Plugins of the first screen's packages that need one of late.ts. */
export function followers(): Plugin[] {
  const ids = [
    'tooltip-extension:consoles',
    'tooltip-extension:files',
    'notebook-extension:log-output'
  ];
  return all([tooltip, notebook]).filter(p =>
    ids.includes(p.id.replace('@jupyterlab/', ''))
  );
}

/** The plugins of the first screen. */
export const plugins: Plugin[] = pluginsOf([
  application,
  apputils,
  cellToolbar,
  codemirror,
  completer,
  docmanager,
  documentsearch,
  filebrowser,
  mainmenu,
  markedparser,
  mathjax,
  metadataform,
  notebook,
  rendermime,
  running,
  shortcuts,
  statusbar,
  toc,
  tooltip,
  uiComponents
]);
