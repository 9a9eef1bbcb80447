// The connection of a notebook's kernel to the model of its pools.
import type { ISessionContext } from '@jupyterlab/apputils';
import type { Kernel } from '@jupyterlab/services';
import { DisposableDelegate, type IDisposable } from '@lumino/disposable';
import { gone, hold } from './gone';
import { PoolModel } from './model';
import type { CancelMessage, EventsMessage, OpenMessage } from './protocol';

const TARGET = 'pool';

/** Follows a session's kernel through restarts and changes of kernel. */
export class PoolConnection implements IDisposable {
  readonly model = new PoolModel();
  isDisposed = false;
  private comm: Kernel.IComm | null = null;
  /** The kernel of the comm. */
  private kernelOf: Kernel.IKernelConnection | null = null;
  private release: () => void = () => undefined;
  private detach: IDisposable | null = null;

  constructor(private readonly session: ISessionContext) {
    session.kernelChanged.connect(this.attach, this);
    this.attach();
  }

  /** The id of the kernel, empty without one. */
  get kernel(): string {
    return this.session.session?.kernel?.id ?? '';
  }

  /** Asks the kernel to end a job. */
  cancel(job: number): void {
    const message: CancelMessage = { type: 'cancel', job };
    this.comm?.send({ ...message });
  }

  dispose(): void {
    if (this.isDisposed) return;
    this.isDisposed = true;
    this.session.kernelChanged.disconnect(this.attach, this);
    this.detach?.dispose();
    this.close();
  }

  private attach(): void {
    this.detach?.dispose();
    this.detach = null;
    this.close();
    this.model.receive({ type: 'events', reset: true, events: [] });
    const kernel = this.session.session?.kernel;
    if (!kernel) return;
    let restarted = false;
    const status = (_: unknown, state: Kernel.Status): void => {
      if (
        state === 'restarting' ||
        state === 'autorestarting' ||
        state === 'dead'
      ) {
        restarted = true;
        this.close();
        this.model.receive({ type: 'events', reset: true, events: [] });
      } else if (restarted && (state === 'idle' || state === 'busy')) {
        restarted = false;
        void this.open(kernel);
      }
    };
    // What was said while the connection was gone is in the new comm's state.
    let lost = false;
    const connection = (_: unknown, state: Kernel.ConnectionStatus): void => {
      if (state === 'connected' && lost) void this.open(kernel);
      lost = state !== 'connected';
    };
    kernel.statusChanged.connect(status);
    kernel.connectionStatusChanged.connect(connection);
    this.detach = new DisposableDelegate(() => {
      kernel.statusChanged.disconnect(status);
      kernel.connectionStatusChanged.disconnect(connection);
    });
    void this.open(kernel);
  }

  private async open(kernel: Kernel.IKernelConnection): Promise<void> {
    const info = await kernel.info;
    // Other kernels know no such comm and would say so in their log.
    if (info.implementation !== 'poolbook' && info.language_info.name !== 'go')
      return;
    if (this.isDisposed || kernel.isDisposed || !kernel.handleComms) return;
    if (this.session.session?.kernel !== kernel) return;
    this.close();
    const comm = kernel.createComm(TARGET);
    this.comm = comm;
    this.kernelOf = kernel;
    comm.onMsg = ({ content }) => {
      const data = content.data as unknown as EventsMessage;
      if (data.type === 'events' && this.comm === comm)
        this.model.receive(data);
    };
    comm.onClose = () => {
      if (this.comm === comm) this.comm = null;
    };
    // On a subshell, so that the kernel listens while a cell runs.
    const { subshellStarted } = comm as Kernel.IComm & {
      subshellStarted?: Promise<void>;
    };
    if (kernel.supportsSubshells) await subshellStarted?.catch(() => undefined);
    const message: OpenMessage = { gone: await gone(kernel.id) };
    if (this.comm !== comm || comm.isDisposed) return;
    comm.open({ ...message });
    this.release = hold(comm.commId, kernel.id);
  }

  private close(): void {
    const comm = this.comm;
    this.comm = null;
    this.release();
    if (!comm || comm.isDisposed) return;
    const kernel = this.kernelOf;
    // A kernel that is not told goes on feeding the comm; one that has gone or begins anew cannot be told.
    if (
      kernel?.connectionStatus === 'connected' &&
      /^(idle|busy)$/.test(kernel.status)
    )
      comm.close();
    else comm.dispose();
  }
}
