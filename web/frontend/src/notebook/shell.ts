// The frame around the document: logo and way back, words in the page's
// language, and what is said when the server is gone.
import {
  IConnectionLost,
  ILabShell,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { IKernelManager, type Kernel } from '@jupyterlab/services';
import {
  type ITranslator,
  ITranslator as TranslatorToken,
  nullTranslator
} from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import { baseUrl } from '../page';
import logoSvg from '../logo.svg';
import { probe } from './trouble';

export const translator: JupyterFrontEndPlugin<ITranslator> = {
  id: 'poolbook:translator',
  description: 'English, as the packages are written.',
  autoStart: true,
  provides: TranslatorToken,
  activate: () => nullTranslator
};

export const kernels: JupyterFrontEndPlugin<Kernel.IManager> = {
  id: 'poolbook:kernels',
  description: 'The kernels of the server, for their settings.',
  autoStart: true,
  provides: IKernelManager,
  activate: app => app.serviceManager.kernels
};

export const logo: JupyterFrontEndPlugin<void> = {
  id: 'poolbook:logo',
  description: 'The logo, which leads to the start page.',
  autoStart: true,
  requires: [ILabShell],
  activate: (_app, shell: ILabShell) => {
    const widget = new Widget();
    widget.id = 'pb-logo';
    const link = document.createElement('a');
    link.href = baseUrl;
    link.title = 'Poolbook: tutorials and notebooks';
    link.setAttribute('aria-label', link.title);
    link.innerHTML = logoSvg;
    widget.node.append(link);
    shell.add(widget, 'top', { rank: 0 });
  }
};

export const connectionLost: JupyterFrontEndPlugin<IConnectionLost> = {
  id: 'poolbook:connection-lost',
  description: 'Says that the server does not answer, and when it does again.',
  autoStart: true,
  provides: IConnectionLost,
  activate: () => async () => probe()
};

/** Hands failed connections to whoever says so in the page. */
export const watch: JupyterFrontEndPlugin<void> = {
  id: 'poolbook:watch-connection',
  description: 'Watches the connection to the server.',
  autoStart: true,
  requires: [IConnectionLost],
  activate: (app, lost: IConnectionLost) => {
    app.serviceManager.connectionFailure.connect(
      (manager, error) => void lost(manager, error)
    );
  }
};
