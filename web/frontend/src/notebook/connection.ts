// The page's way to its server: what goes wrong there is noticed at once, and
// kernels are asked for outputs as a page can show them.
import { ServerConnection, ServiceManager } from '@jupyterlab/services';
import { connection, connectionChanged, heard, probe } from './trouble';

/** A websocket that asks a kernel's outputs to be shaped, and tells when it is lost. */
class Socket extends WebSocket {
  constructor(url: string | URL, protocols?: string | string[]) {
    const target = new URL(url);
    if (/\/api\/kernels\/[^/]+\/channels$/.test(target.pathname))
      target.searchParams.set('outputs', 'shaped');
    super(target, protocols);
    this.addEventListener('close', ({ code }) => {
      // 1000 and 1001 are said by a server that is there.
      if (code !== 1000 && code !== 1001) void probe();
    });
  }
}

async function watched(
  input: RequestInfo | URL,
  init?: RequestInit
): Promise<Response> {
  try {
    const response = await fetch(input, init);
    // A 403 may be about the request alone: the server is asked about the page.
    if (response.status === 403 && connection() === 'good') await probe();
    else if (connection() !== 'good') heard(response.status);
    return response;
  } catch (error) {
    if ((error as Error).name !== 'AbortError') void probe();
    throw error;
  }
}

/** The services of JupyterLab over this connection. While it is lost they do not ask by themselves. */
export function services(): ServiceManager {
  const manager = new ServiceManager({
    serverSettings: ServerConnection.makeSettings({
      fetch: watched,
      WebSocket: Socket
    }),
    standby: () => connection() !== 'good' || 'when-hidden'
  });
  connectionChanged.connect((_, state) => {
    if (state !== 'good') return;
    // What they would ask at their next turn is asked now.
    const ignore = () => undefined;
    void manager.kernelspecs.refreshSpecs().catch(ignore);
    void manager.sessions.refreshRunning().catch(ignore);
    manager.kernels.running();
  });
  return manager;
}
