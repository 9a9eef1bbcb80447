import { LabIcon } from '@jupyterlab/ui-components';

/** Three lanes with bars. */
export const icon = new LabIcon({
  name: 'poolbook:pool',
  svgstr:
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16" width="16"><g class="jp-icon3" fill="#616161"><rect x="1" y="2.5" width="6" height="2.6" rx="1"/><rect x="8.5" y="2.5" width="4" height="2.6" rx="1"/><rect x="3" y="6.7" width="9" height="2.6" rx="1"/><rect x="1" y="10.9" width="4" height="2.6" rx="1"/><rect x="6.5" y="10.9" width="8.5" height="2.6" rx="1"/></g></svg>'
});
