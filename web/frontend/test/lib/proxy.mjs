// A way to the server that can be cut: what a page sees when its server is away.
import net from 'node:net';

/** Listens on a port of its own and passes everything on to the server of url. */
export async function behind(url) {
  const target = new URL(url);
  const open = new Set();
  const server = net.createServer(client => {
    const there = net.connect(Number(target.port), target.hostname);
    for (const socket of [client, there]) {
      open.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        open.delete(socket);
        client.destroy();
        there.destroy();
      });
    }
    client.pipe(there);
    there.pipe(client);
  });
  const listen = port =>
    new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', resolve);
    });
  await listen(0);
  const { port } = server.address();
  const own = new URL(url);
  own.port = port;
  const down = () => {
    const closed = new Promise(resolve => server.close(resolve));
    for (const socket of open) socket.destroy();
    return closed;
  };
  return { url: own.href, down, up: () => listen(port) };
}
