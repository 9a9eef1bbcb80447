// The panel as an extension of its own: the plugin under the name that the
// extension's settings have, with its styles.
import { pool } from '.';
import styles from './pool.css';

const sheet = document.createElement('style');
sheet.textContent = String(styles);
document.head.append(sheet);

export default { ...pool, id: 'poolbook-pool:plugin' };
