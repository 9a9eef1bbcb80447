// The panel shows the pools of whichever notebook is the current one.
import type { NotebookPanel } from '@jupyterlab/notebook';
import { Panel, Widget } from '@lumino/widgets';
import type { PoolConnection } from './comm';
import { icon } from './icon';
import { PoolView } from './view';

export class PoolPanel extends Panel {
  private view: PoolView | null = null;
  private readonly none = new Widget();

  constructor() {
    super();
    this.id = 'poolbook-pool';
    this.addClass('pb-Pool');
    this.title.label = 'Pool';
    // As the shell dresses the icons of tabs, but not of those that a reload brings back.
    this.title.icon = icon.bindprops({ stylesheet: 'mainAreaTab' });
    this.title.caption = 'Workers, jobs and tasks of the notebook';
    this.title.closable = true;
    this.none.addClass('pb-Empty');
    this.none.node.textContent = 'The notebook that is shown has no pools.';
    this.addWidget(this.none);
  }

  /** Shows the pools of a notebook's kernel, or that there is none. */
  display(
    connection: PoolConnection | null,
    notebook: NotebookPanel | null
  ): void {
    if (connection && this.view?.connection === connection) return;
    this.view?.dispose();
    this.view =
      connection && notebook ? new PoolView(connection, notebook) : null;
    this.none.setHidden(connection !== null);
    if (this.view) this.addWidget(this.view);
  }
}
