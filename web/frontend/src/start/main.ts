// The start page: tutorials, the folder's notebooks, and a new one.
import './start.css';
import logo from '../logo.svg';
import { address, folderName } from '../page';
import { create } from './create';
import { alert, byId } from './dom';
import { files } from './files';
import { themes } from './theme';
import { tutorials } from './tutorials';

/** How often the list is brought up to date while the page is seen, in ms. */
const REFRESH = 5000;

themes();
byId('logo').innerHTML = logo;
byId<HTMLAnchorElement>('brand').href = address();
byId('folder').textContent = folderName;

const refresh = (): void => {
  if (!document.hidden) void files();
};
void Promise.all([tutorials(), files()]);
void create().catch((error: Error) =>
  alert(`The kernels cannot be listed: ${error.message}`)
);
setInterval(refresh, REFRESH);
document.addEventListener('visibilitychange', refresh);
// Back from a notebook, the browser may show the page as it was left.
window.addEventListener('pageshow', event => event.persisted && refresh());
