// A cell that asks for a line of input goes on asking when outputs are cleared:
// without its box the kernel would wait for an answer that nobody can give.
import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import type { IOutputAreaModel } from '@jupyterlab/outputarea';
import { OutputArea } from '@jupyterlab/outputarea';
import { Panel, type Widget } from '@lumino/widgets';

/** What an output area keeps to itself. */
interface Area {
  onModelChanged(
    sender: IOutputAreaModel,
    change: IOutputAreaModel.ChangedArgs
  ): void;
}

const isBox = (widget: Widget): boolean =>
  widget instanceof Panel && widget.hasClass('jp-OutputArea-stdin-item');

export const asking: JupyterFrontEndPlugin<void> = {
  id: 'poolbook:asking',
  description: 'Keeps the box of a cell that asks when outputs are cleared.',
  autoStart: true,
  activate: () => {
    const area = OutputArea.prototype as unknown as Area;
    const { onModelChanged } = area;
    area.onModelChanged = function (this: OutputArea, sender, change) {
      const cleared =
        /^(clear|remove)$/.test(change.type) && !this.model.length;
      const boxes = cleared ? this.widgets.filter(isBox) : [];
      const focused = document.activeElement;
      for (const box of boxes) box.parent = null;
      onModelChanged.call(this, sender, change);
      for (const box of boxes) this.layout.addWidget(box);
      if (boxes.some(box => box.node.contains(focused)))
        (focused as HTMLElement).focus();
    };
  }
};
