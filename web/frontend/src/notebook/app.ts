// JupyterLab's application with a curated choice of plugins and our own.
import {
  JupyterLab,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { PageConfig } from '@jupyterlab/coreutils';
import { INotebookTracker } from '@jupyterlab/notebook';
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import json from '@jupyterlab/json-extension';
import './styles';
import { accessible } from './accessible';
import { asking } from './asking';
import { charts } from './charts';
import { services } from './connection';
import { OwnLinks } from './commands';
import { documents } from './documents';
import { drafts } from './drafts';
import { elsewhere } from './elsewhere';
import { goFiles } from './filetypes';
import { goTabs } from './go';
import { held } from './held';
import { hover } from './hover';
import { layout } from './layout';
import {
  isNotebook,
  opened,
  opener,
  requestedPath,
  requestedTerminal,
  tree
} from './location';
import { math } from './math';
import { pictures } from './pictures';
import { plugins } from './plugins';
import { loadLater, registry } from './registry';
import { settings } from './settings';
import { scripts } from './scripts';
import { sessions } from './sessions';
import { connectionLost, kernels, logo, translator, watch } from './shell';
import { withPast } from './replay';
import { resumePlugin } from './resume';
import { runtime } from './runtime';
import { saveState } from './savestate';
import { saving } from './saving';
import { state } from './state';
import { enterAfterTab } from './tabkey';
import { vim } from './vim';
import { themes } from './themes';

/** How long to wait before code is asked for again that did not come, in ms. */
const AGAIN = 5000;

/** Code that is fetched late: the network may be away just then, and back later. */
async function fetched<T>(load: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await load();
    } catch (error) {
      if ((error as Error).name !== 'ChunkLoadError') throw error;
      await new Promise(resolve => setTimeout(resolve, AGAIN));
    }
  }
}

/** Registers what was left for later and starts it. */
async function late(app: JupyterLab): Promise<void> {
  const { plugins } = await fetched(() => import('./late'));
  app.registerPlugins(plugins);
  const started = plugins.filter(
    p => p.autoStart !== false && p.autoStart !== 'defer'
  );
  await loadLater(app, 'before');
  const tracker = await app.resolveRequiredService(INotebookTracker);
  await withPast(tracker, app.shell, () =>
    Promise.all(started.map(p => app.activatePlugin(p.id)))
  );
  await loadLater(app, 'after');
}

/** Starts the application with these plugins besides; resolves when it is there. */
export async function start(
  besides: JupyterFrontEndPlugin<void>[]
): Promise<void> {
  PageConfig.setOption('appName', 'Poolbook');
  PageConfig.setOption('mode', 'multiple-document');
  const app = new JupyterLab({
    mimeExtensions: [
      { __esModule: true, default: json } as IRenderMime.IExtensionModule,
      { __esModule: true, ...charts } as IRenderMime.IExtensionModule,
      { __esModule: true, ...held } as IRenderMime.IExtensionModule
    ],
    serviceManager: services()
  });
  app.commandLinker.dispose();
  Object.defineProperty(app, 'commandLinker', {
    value: new OwnLinks(app.commands)
  });
  app.registerPlugins([
    ...plugins,
    settings,
    registry,
    math,
    pictures,
    scripts,
    goFiles,
    goTabs,
    hover,
    vim,
    sessions,
    state,
    accessible,
    saveState,
    runtime,
    saving,
    elsewhere,
    drafts,
    documents,
    asking,
    resumePlugin,
    enterAfterTab,
    ...besides,
    layout,
    themes,
    translator,
    kernels,
    logo,
    connectionLost,
    watch,
    tree,
    opener
  ]);
  const path = requestedPath();
  // A file that is not a notebook may need one of the later plugins to open, a terminal does.
  if ((path && !isNotebook(path)) || requestedTerminal()) {
    app.registerPlugins((await import('./late')).plugins);
    await app.start({ hostID: 'main' });
  } else {
    await app.start({ hostID: 'main' });
    await app.restored;
    await opened;
    requestIdleCallback(() => void late(app), { timeout: 3000 });
  }
}
