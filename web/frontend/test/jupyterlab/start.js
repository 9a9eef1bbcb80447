// The whole JupyterLab: every plugin of the packages of package.json, and the
// prebuilt extensions that the server names in the page.
import { JupyterLab } from '@jupyterlab/application';
import { PageConfig, URLExt } from '@jupyterlab/coreutils';
import { IServiceManager } from '@jupyterlab/services';
import { PluginRegistry } from '@lumino/coreutils';
import { mimeExtensions, plugins } from './generated/packages';

/* global __webpack_init_sharing__, __webpack_share_scopes__ */

const loadScript = src =>
  new Promise((resolve, reject) => {
    const script = document.createElement('script');
    Object.assign(script, { src, onload: resolve, onerror: reject });
    document.head.append(script);
  });

/** The plugins of a prebuilt extension. */
async function prebuilt({ name, load, extension }) {
  const folder = PageConfig.getOption('fullLabextensionsUrl');
  await loadScript(URLExt.join(folder, name, load));
  const container = window._JUPYTERLAB[name];
  await container.init(__webpack_share_scopes__.default);
  return (await container.get(extension))();
}

async function main() {
  await __webpack_init_sharing__('default');
  const named = JSON.parse(
    PageConfig.getOption('federated_extensions') || '[]'
  );
  const modules = await Promise.all([
    ...plugins.map(load => load()),
    ...named.map(prebuilt)
  ]);
  const registry = new PluginRegistry();
  registry.registerPlugins(modules.flatMap(m => m.default));
  const serviceManager = await registry.resolveRequiredService(IServiceManager);
  const app = new JupyterLab({
    mimeExtensions: await Promise.all(mimeExtensions.map(load => load())),
    pluginRegistry: registry,
    serviceManager
  });
  await app.start({ hostID: 'main', bubblingKeydown: true });
}

if (document.readyState === 'complete') void main();
else window.addEventListener('load', () => void main(), { once: true });
