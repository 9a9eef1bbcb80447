// The start page: tutorials, the folder's notebooks, and a new one.
import './start.css';
import logo from '../logo.svg';
import { address, folderName } from '../page';
import { create } from './create';
import { alert, byId } from './dom';
import { files, isNew } from './files';
import { themes } from './theme';
import { tutorials } from './tutorials';
import { uploads } from './upload';

/** How often the list is brought up to date while the page is seen, in ms. */
const REFRESH = 5000;

themes();
byId('logo').innerHTML = logo;
byId<HTMLAnchorElement>('brand').href = address();
byId('folder').textContent = folderName;

const refresh = (): void => {
  if (!document.hidden) void files();
};
void Promise.all([tutorials(), files()]).then(([known]) => {
  // Who comes for the first time is told what this is, and finds the tutorials first.
  const first = !known && isNew();
  byId('welcome').hidden = !first;
  byId('back').hidden = first;
  if (first) byId('files-section').before(byId('tutorials-section'));
});
uploads();
void create().catch((error: Error) =>
  alert(`The kernels cannot be listed: ${error.message}`)
);
setInterval(refresh, REFRESH);
document.addEventListener('visibilitychange', refresh);
// Back from a notebook, the browser may show the page as it was left.
window.addEventListener('pageshow', event => event.persisted && refresh());
