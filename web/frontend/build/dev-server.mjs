// Serves a built page in front of any Jupyter server, for work on the page
// alone: node build/dev-server.mjs STATIC UPSTREAM_URL PORT [TOKEN]
// The tutorials are the notebooks of the folder TUTORIALS names, if set.
import {
  copyFileSync,
  createReadStream,
  existsSync,
  readdirSync,
  readFileSync
} from 'node:fs';
import { createHash } from 'node:crypto';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';

const [statics, upstream, port, token = ''] = process.argv.slice(2);
const target = new URL(upstream);
const tutorials = process.env.TUTORIALS ?? '';
const folder = process.env.FOLDER ?? '';
const types = {
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.html': 'text/html',
  '.json': 'application/json',
  '.woff2': 'font/woff2',
  '.woff': 'font/woff'
};

const config = JSON.stringify({
  baseUrl: '/',
  wsUrl: '',
  token,
  appVersion: 'dev',
  defaultKernel: process.env.KERNEL ?? 'python3',
  folder: '~/work'
});

function page(response, name) {
  const html = readFileSync(path.join(statics, name), 'utf8');
  response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' });
  response.end(
    html.replace(
      '<!--page-config-->',
      `<script id="jupyter-config-data" type="application/json">${config}</script>`
    )
  );
}

function list() {
  if (!tutorials) return [];
  return readdirSync(tutorials)
    .filter(f => f.endsWith('.ipynb'))
    .sort()
    .map(f => {
      const about =
        JSON.parse(readFileSync(path.join(tutorials, f), 'utf8')).metadata
          ?.poolbook ?? {};
      const name = f.replace(/\.ipynb$/, '');
      return {
        name,
        title: about.title ?? name,
        description: about.description ?? '',
        minutes: about.minutes
      };
    });
}

const server = http.createServer((request, response) => {
  const { pathname } = new URL(request.url, 'http://localhost');
  if (pathname === '/') return page(response, 'index.html');
  if (/^\/(notebooks|edit)\//.test(pathname))
    return page(response, 'notebook.html');
  if (pathname.startsWith('/static/')) {
    const file = path.join(statics, path.normalize(pathname.slice(7)));
    if (!existsSync(file)) return response.writeHead(404).end();
    const headers = {
      'Content-Type': types[path.extname(file)] ?? 'application/octet-stream',
      'Cache-Control': 'public, max-age=31536000, immutable'
    };
    if (
      existsSync(file + '.br') &&
      /\bbr\b/.test(request.headers['accept-encoding'] ?? '')
    ) {
      response.writeHead(200, { ...headers, 'Content-Encoding': 'br' });
      return createReadStream(file + '.br').pipe(response);
    }
    response.writeHead(200, headers);
    return createReadStream(file).pipe(response);
  }
  if (pathname === '/poolbook/api/tutorials') {
    response.writeHead(200, { 'Content-Type': 'application/json' });
    return response.end(JSON.stringify(list()));
  }
  const answers = {
    '/api/me': {
      identity: {
        username: 'dev',
        name: 'dev',
        display_name: 'dev',
        initials: 'D',
        avatar_url: null,
        color: null
      },
      permissions: {}
    },
    '/poolbook/api/settings': { settings: {} },
    '/api/resolvePath': { resolved: [], unresolved: [] }
  };
  if (answers[pathname]) {
    response.writeHead(200, { 'Content-Type': 'application/json' });
    return response.end(JSON.stringify(answers[pathname]));
  }
  const open = /^\/poolbook\/api\/tutorials\/([\w-]+)\/open$/.exec(pathname);
  if (open) {
    const to = path.join(folder, open[1] + '.ipynb');
    if (!existsSync(to))
      copyFileSync(path.join(tutorials, open[1] + '.ipynb'), to);
    response.writeHead(201, { 'Content-Type': 'application/json' });
    return response.end(JSON.stringify({ path: open[1] + '.ipynb' }));
  }
  const onward = http.request(
    {
      host: target.hostname,
      port: target.port,
      path: request.url,
      method: request.method,
      headers: { ...request.headers, host: target.host, origin: target.origin }
    },
    answer => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    }
  );
  onward.on('error', () => response.writeHead(502).end());
  request.pipe(onward);
});
server.on('upgrade', (request, socket, head) => {
  if (request.url.startsWith('/api/events/subscribe')) {
    // Accepted and held: this server has no events.
    const key = createHash('sha1')
      .update(
        request.headers['sec-websocket-key'] +
          '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
      )
      .digest('base64');
    socket.on('error', () => socket.destroy());
    return socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${key}\r\n\r\n`
    );
  }
  const onward = net.connect(Number(target.port), target.hostname, () => {
    const headers = {
      ...request.headers,
      host: target.host,
      origin: target.origin
    };
    onward.write(
      `${request.method} ${request.url} HTTP/1.1\r\n` +
        Object.entries(headers)
          .map(([k, v]) => `${k}: ${v}\r\n`)
          .join('') +
        '\r\n'
    );
    onward.write(head);
    socket.pipe(onward).pipe(socket);
  });
  for (const s of [socket, onward])
    s.on('error', () => (socket.destroy(), onward.destroy()));
});
server.listen(Number(port), '127.0.0.1', () =>
  console.log(`http://127.0.0.1:${port}/`)
);
