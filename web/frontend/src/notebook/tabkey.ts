// Enter right after Tab. The kernel's completions take a moment; JupyterLab
// takes an Enter that comes before them for a new line, and drops them. Here it
// waits for them and means what it would have meant a moment later: it takes
// the chosen one where there are several, and begins a new line where there was
// but one.
import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker } from '@jupyterlab/notebook';
import type { Kernel, KernelMessage } from '@jupyterlab/services';

/** How long Enter waits for completions, in ms; a kernel that is busy has none. */
const PATIENCE = 400;

/** Resolves with the kernel's next completions, or when it is time to go on. */
function completed(kernel: Kernel.IKernelConnection): Promise<void> {
  return new Promise(resolve => {
    let timer = 0;
    const settle = (): void => {
      clearTimeout(timer);
      kernel.anyMessage.disconnect(hear);
      // What waits for the same answer shows it first.
      setTimeout(resolve, 30);
    };
    const hear = (
      _: unknown,
      { msg }: { msg: KernelMessage.IMessage }
    ): void => {
      if (msg.header.msg_type === 'complete_reply') settle();
    };
    kernel.anyMessage.connect(hear);
    timer = window.setTimeout(settle, PATIENCE);
  });
}

export const enterAfterTab: JupyterFrontEndPlugin<void> = {
  id: 'poolbook:enter-after-tab',
  description: 'Lets Enter wait for the completions that Tab has asked for.',
  autoStart: true,
  requires: [INotebookTracker],
  activate: (app, tracker: INotebookTracker) => {
    let pending: Promise<void> | null = null;
    let held = false;
    app.commands.commandExecuted.connect((_, { id }) => {
      const kernel = tracker.currentWidget?.sessionContext.session?.kernel;
      if (id !== 'completer:invoke-notebook' || !kernel) return;
      const mine = (pending = completed(kernel));
      void mine.then(() => {
        if (pending === mine) pending = null;
      });
    });
    const onKey = (event: KeyboardEvent): void => {
      const { key, target } = event;
      if (!pending || !event.isTrusted || !(target instanceof Element)) return;
      const plain =
        !event.ctrlKey && !event.metaKey && !event.altKey && !event.shiftKey;
      if (key !== 'Enter' || !plain || !target.closest('.cm-content')) {
        // What is typed on goes without them.
        if (!held) pending = null;
        return;
      }
      event.preventDefault();
      event.stopImmediatePropagation();
      if (held) return;
      held = true;
      void pending.then(() => {
        held = false;
        target.dispatchEvent(
          new KeyboardEvent('keydown', {
            key,
            code: key,
            keyCode: 13,
            bubbles: true,
            cancelable: true
          })
        );
      });
    };
    // An Enter that ends the composition of a word is no answer yet.
    window.addEventListener(
      'keydown',
      event => {
        const { target } = event;
        if (event.key !== 'Enter' || !(target instanceof Element)) return;
        if (event.isComposing && target.closest('.jp-Stdin'))
          event.stopImmediatePropagation();
      },
      { capture: true }
    );
    // Before the commands, the editor and the completer.
    window.addEventListener('keydown', onKey, { capture: true });
  }
};
