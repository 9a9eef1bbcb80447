// Coming back to a notebook whose kernel went on without it: the server keeps a
// journal of what each request has brought, and its outputs are given to their
// cells, those so far and those still to come.
import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import type { CodeCell } from '@jupyterlab/cells';
import { INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';
import { type Kernel, KernelMessage } from '@jupyterlab/services';
import { address, request } from '../page';

/** One execute_request of the server's journal. */
interface Entry {
  msg_id: string;
  cell_id: string;
  code: string;
  status: 'queued' | 'running' | 'done';
  execution_count: number | null;
  ended?: string | null;
  messages: KernelMessage.IIOPubMessage[];
  /** What it asks for, when nobody has answered yet. */
  question?: KernelMessage.IStdinMessage | null;
}

type Handler<T> = (message: T) => void | PromiseLike<void>;

/**
 * What an output area asks of the future of a request, for a request that
 * another page has sent. Messages reach it from the kernel's connection.
 */
class Followed {
  onIOPub: Handler<KernelMessage.IIOPubMessage> = () => undefined;
  onReply: Handler<KernelMessage.IShellMessage> = () => undefined;
  onStdin: Handler<KernelMessage.IStdinMessage> = () => undefined;
  isDisposed = false;
  readonly done: Promise<void>;
  private finish: () => void = () => undefined;
  private readonly seen = new Set<string>();
  private count: number | null = null;

  constructor(
    private readonly kernel: Kernel.IKernelConnection,
    private readonly id: string,
    private readonly cell: CodeCell
  ) {
    this.done = new Promise(resolve => (this.finish = resolve));
    kernel.anyMessage.connect(this.receive, this);
  }

  dispose(): void {
    this.isDisposed = true;
    this.finish();
    this.kernel.anyMessage.disconnect(this.receive, this);
  }

  registerMessageHook(): void {}

  removeMessageHook(): void {}

  sendInputReply(
    content: KernelMessage.IInputReplyMsg['content'],
    parent: KernelMessage.IInputReplyMsg['parent_header']
  ): void {
    this.kernel.sendInputReply(content, parent);
  }

  /** Hands over a message that was published once, however often it comes. */
  publish(message: KernelMessage.IIOPubMessage): void {
    if (this.seen.has(message.header.msg_id)) return;
    this.seen.add(message.header.msg_id);
    if (KernelMessage.isExecuteInputMsg(message)) {
      // Given to the cell when it is over: a cell with a count is one that does not run.
      this.count = message.content.execution_count;
    } else if (KernelMessage.isStatusMsg(message)) {
      if (message.content.execution_state === 'idle') {
        this.cell.model.executionCount = this.count;
        this.cell.model.executionState = 'idle';
      }
    }
    void this.onIOPub(message);
  }

  /** Hands over a request for input once: the journal has it, and the connection may bring it too. */
  ask(message: KernelMessage.IStdinMessage): void {
    if (this.seen.has(message.header.msg_id)) return;
    this.seen.add(message.header.msg_id);
    void this.onStdin(message);
  }

  private receive(
    _: unknown,
    { msg, direction }: Kernel.IAnyMessageArgs
  ): void {
    const parent = msg.parent_header as { msg_id?: string };
    if (direction !== 'recv' || parent.msg_id !== this.id) return;
    if (msg.channel === 'iopub')
      this.publish(msg as KernelMessage.IIOPubMessage);
    else if (msg.channel === 'stdin')
      this.ask(msg as KernelMessage.IStdinMessage);
    else if (msg.channel === 'shell') {
      void this.onReply(msg as KernelMessage.IShellMessage);
      this.finish();
    }
  }
}

/** The moment of the last thing an entry brought, in ms; now when it runs. */
function lastChange(entry: Entry): number {
  if (entry.status !== 'done') return Infinity;
  const dates = entry.messages.map(m => Date.parse(m.header.date));
  return Math.max(
    Date.parse(entry.ended ?? '') || 0,
    ...dates.filter(d => !Number.isNaN(d))
  );
}

function follow(
  cell: CodeCell,
  entry: Entry,
  kernel: Kernel.IKernelConnection,
  saved: number
): void {
  const future = new Followed(kernel, entry.msg_id, cell);
  const area = cell.outputArea;
  const fresh = lastChange(entry) > saved;
  if (fresh) {
    cell.model.clearExecution();
    if (entry.status !== 'done') cell.model.executionState = 'running';
    cell.model.trusted = true;
  }
  area.reattachFuture(
    future as unknown as Kernel.IShellFuture<
      KernelMessage.IExecuteRequestMsg,
      KernelMessage.IExecuteReplyMsg
    >
  );
  if (!fresh) return;
  for (const message of entry.messages) future.publish(message);
  if (entry.question) future.ask(entry.question);
  if (entry.status === 'done')
    cell.model.executionCount = entry.execution_count || null;
}

async function resume(
  panel: NotebookPanel,
  kernel: Kernel.IKernelConnection
): Promise<void> {
  await panel.context.ready;
  const url = address('poolbook/api/kernels', kernel.id, 'journal');
  const { entries } = await request<{ entries: Entry[] }>('GET', url);
  if (panel.isDisposed || kernel.isDisposed) return;
  const newest = new Map(entries.map(e => [e.cell_id, e]));
  const saved =
    Date.parse(panel.context.contentsModel?.last_modified ?? '') || 0;
  for (const cell of panel.content.widgets) {
    const entry = newest.get(cell.model.sharedModel.getId());
    if (!entry || cell.model.type !== 'code') continue;
    // Run anew from this page, or changed since: what it shows is its own.
    const code = cell as CodeCell;
    if (
      code.outputArea.future ||
      code.model.sharedModel.getSource() !== entry.code
    )
      continue;
    follow(code, entry, kernel, saved);
  }
}

export const resumePlugin: JupyterFrontEndPlugin<void> = {
  id: 'poolbook:resume',
  description: 'Shows what the kernel did while no page was open.',
  autoStart: true,
  requires: [INotebookTracker],
  activate: (_app, tracker: INotebookTracker) => {
    tracker.widgetAdded.connect((_, panel) => {
      let known = '';
      panel.sessionContext.kernelChanged.connect((_, { newValue }) => {
        if (!newValue || newValue.id === known) return;
        known = newValue.id;
        resume(panel, newValue).catch(error => {
          console.warn('What the kernel did meanwhile is not known:', error);
        });
      });
    });
  }
};
