// What the kernel knows of the name under the pointer, beside it. The editors
// get no more than the place for it; the rest is fetched when a pointer first rests.
import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import {
  EditorExtensionRegistry,
  IEditorExtensionRegistry
} from '@jupyterlab/codemirror';
import { INotebookTracker } from '@jupyterlab/notebook';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { hoverTooltip } from '@codemirror/view';

/** How long a pointer rests on a name before its documentation shows, in ms. */
const REST = 400;

export const hover: JupyterFrontEndPlugin<void> = {
  id: 'poolbook:hover',
  description: 'Shows the documentation of the name under the pointer.',
  autoStart: true,
  requires: [IEditorExtensionRegistry, INotebookTracker, IRenderMimeRegistry],
  activate: (
    _app,
    editors: IEditorExtensionRegistry,
    notebooks: INotebookTracker,
    rendermime: IRenderMimeRegistry
  ) => {
    const extension = hoverTooltip(
      async (view, position) => {
        const { documentation } = await import('./hovering');
        return documentation(view, position, notebooks, rendermime);
      },
      { hoverTime: REST, hideOnChange: true }
    );
    editors.addExtension({
      name: 'poolbook:hover',
      default: true,
      schema: {
        type: 'boolean',
        title: 'Documentation under the pointer',
        description:
          'Shows what the kernel knows of the name that the pointer rests on.'
      },
      factory: () =>
        EditorExtensionRegistry.createConditionalExtension(extension)
    });
  }
};
