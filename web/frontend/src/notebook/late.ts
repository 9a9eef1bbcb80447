// Plugins that are not needed to see and run a notebook: fetched once the first
// one is there, or before when the page was asked for another kind of file.
import celltags from '@jupyterlab/celltags-extension';
import console from '@jupyterlab/console-extension';
import csvviewer from '@jupyterlab/csvviewer-extension';
import documentsearch from '@jupyterlab/documentsearch-extension';
import fileeditor from '@jupyterlab/fileeditor-extension';
import imageviewer from '@jupyterlab/imageviewer-extension';
import inspector from '@jupyterlab/inspector-extension';
import logconsole from '@jupyterlab/logconsole-extension';
import markdownviewer from '@jupyterlab/markdownviewer-extension';
import metadataform from '@jupyterlab/metadataform-extension';
import running from '@jupyterlab/running-extension';
import settingeditor from '@jupyterlab/settingeditor-extension';
import toc from '@jupyterlab/toc-extension';
import tooltip from '@jupyterlab/tooltip-extension';
import '@jupyterlab/celltags-extension/style/index.js';
import '@jupyterlab/console-extension/style/index.js';
import '@jupyterlab/csvviewer-extension/style/index.js';
import '@jupyterlab/documentsearch-extension/style/index.js';
import '@jupyterlab/fileeditor-extension/style/index.js';
import '@jupyterlab/imageviewer-extension/style/index.js';
import '@jupyterlab/inspector-extension/style/index.js';
import '@jupyterlab/logconsole-extension/style/index.js';
import '@jupyterlab/markdownviewer-extension/style/index.js';
import '@jupyterlab/metadataform-extension/style/index.js';
import '@jupyterlab/running-extension/style/index.js';
import '@jupyterlab/settingeditor-extension/style/index.js';
import '@jupyterlab/toc-extension/style/index.js';
import '@jupyterlab/tooltip-extension/style/index.js';
import { finding } from './finding';
import { formatGo } from './format';
import { help } from './help';
import { followers, pluginsOf } from './plugins';
import { printing } from './printing';
import { terminals } from './terminals';

// Notes are shown with code that JupyterLab fetches with the first one: it is here when the server is not.
void import('react-toastify').catch(() => undefined);

export const plugins = [
  formatGo,
  finding,
  help,
  printing,
  ...followers,
  ...pluginsOf([
    celltags,
    console,
    csvviewer,
    documentsearch,
    fileeditor,
    imageviewer,
    inspector,
    logconsole,
    markdownviewer,
    metadataform,
    running,
    settingeditor,
    terminals,
    toc,
    tooltip
  ]).filter(p => !p.id.endsWith(':language-server'))
];
