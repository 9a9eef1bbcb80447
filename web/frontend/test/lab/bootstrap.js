import { start } from '../../src/notebook/app';
import { addSchema } from '../../src/notebook/settings';

/* global __webpack_init_sharing__, __webpack_share_scopes__ */
async function main() {
  const about = await (await fetch('/static/lab/package.json')).json();
  const { load, extension } = about.jupyterlab._build;
  await new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = '/static/lab/' + load;
    script.onload = resolve;
    script.onerror = reject;
    document.head.append(script);
  });
  await __webpack_init_sharing__('default');
  const container = window._JUPYTERLAB[about.name];
  await container.init(__webpack_share_scopes__.default);
  const { default: plugin } = (await container.get(extension))();
  const schema = await (
    await fetch(`/static/lab/${about.jupyterlab.schemaDir}/plugin.json`)
  ).json();
  addSchema(plugin.id, schema);
  await start([plugin]);
}

if (document.readyState === 'complete') void main();
else window.addEventListener('load', () => void main(), { once: true });
