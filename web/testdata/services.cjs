// @jupyterlab/services under Node against the server: kernelspecs, contents, sessions, kernels, settings, workspaces, events and the user.
//
// usage: node services.cjs URL TOKEN KERNEL      (NODE_PATH names the folder with @jupyterlab/services)

'use strict';

const assert = require('node:assert/strict');
const [baseUrl, token, kernelName] = process.argv.slice(2);

const {
  ContentsManager,
  KernelManager,
  KernelSpecManager,
  ServerConnection,
  SessionManager,
  SettingManager,
  WorkspaceManager,
  NbConvertManager,
  EventManager,
  ConfigSection
} = require('@jupyterlab/services');

const serverSettings = ServerConnection.makeSettings({
  baseUrl: baseUrl + '/',
  wsUrl: baseUrl.replace('http', 'ws') + '/',
  token,
  appUrl: 'lab',
  appendToken: true
});

const begun = Date.now();
function step(name) {
  console.log(((Date.now() - begun) / 1000).toFixed(1), name);
}

async function run(kernel, code) {
  const future = kernel.requestExecute({ code, stop_on_error: false });
  let text = '';
  let result;
  future.onIOPub = m => {
    if (m.header.msg_type === 'stream') {
      text += m.content.text;
    } else if (m.header.msg_type === 'execute_result') {
      result = m.content.data['text/plain'];
    }
  };
  future.onStdin = m => {
    if (m.header.msg_type === 'input_request') {
      future.sendInputReply({ value: 'typed', status: 'ok' }, m.header);
    }
  };
  const reply = await future.done;
  return { status: reply.content.status, text, result };
}

async function contents() {
  const events = new EventManager({ serverSettings });
  const seen = [];
  events.stream.connect((_, e) => seen.push(e.action));
  const manager = new ContentsManager({ defaultDrive: undefined, serverSettings });
  const changes = [];
  manager.fileChanged.connect((_, c) => changes.push(c.type));
  const nb = await manager.newUntitled({ type: 'notebook' });
  assert.equal(nb.path, 'Untitled.ipynb');
  const full = await manager.get(nb.path, { type: 'notebook', content: true, hash: true });
  assert.equal(full.content.nbformat, 4);
  assert.equal(full.hash.length, 64);
  full.content.cells.push({ cell_type: 'markdown', id: 'a', metadata: {}, source: '# hé\nb' });
  const saved = await manager.save(nb.path, { type: 'notebook', format: 'json', content: full.content });
  assert.notEqual(saved.hash, full.hash);
  const again = await manager.get(nb.path);
  assert.equal(again.content.cells[0].source, '# hé\nb');
  const renamed = await manager.rename(nb.path, 'ä b.ipynb');
  assert.equal(renamed.name, 'ä b.ipynb');
  const copy = await manager.copy(renamed.path, '');
  assert.equal(copy.path, 'ä b-Copy1.ipynb');
  const cp = await manager.createCheckpoint(renamed.path);
  assert.deepEqual((await manager.listCheckpoints(renamed.path)).map(c => c.id), [cp.id]);
  await manager.restoreCheckpoint(renamed.path, cp.id);
  await manager.deleteCheckpoint(renamed.path, cp.id);
  const folder = await manager.newUntitled({ type: 'directory' });
  assert.equal(folder.path, 'Untitled Folder');
  await manager.newUntitled({ type: 'file', ext: '.go', path: folder.path });
  const list = await manager.get(folder.path);
  assert.deepEqual(list.content.map(c => c.name), ['untitled.go']);
  const url = await manager.getDownloadUrl(renamed.path);
  const res = await fetch(url, { headers: { Authorization: 'token ' + token } });
  assert.equal(res.status, 200);
  step('contents');
  // Chunks, as the file browser uploads large files.
  const data = Buffer.alloc(3000, 'x');
  for (const [i, chunk] of [1, 2, -1].entries()) {
    await manager.save('up.bin', { type: 'file', format: 'base64', chunk, content: data.subarray(i * 1000, i * 1000 + 1000).toString('base64') });
  }
  assert.equal((await manager.get('up.bin', { content: false })).size, 3000);
  await manager.delete('up.bin');
  await assert.rejects(manager.get('up.bin'), e => e instanceof ServerConnection.ResponseError && e.response.status === 404);
  assert.ok(changes.includes('save') && changes.includes('delete'));
  manager.dispose();
  for (let i = 0; i < 100 && !seen.includes('delete'); i++) {
    await new Promise(r => setTimeout(r, 20));
  }
  assert.ok(seen.includes('save') && seen.includes('delete'), 'events: ' + seen);
  events.dispose();
}

async function kernels() {
  step('events and contents');
  const specs = new KernelSpecManager({ serverSettings });
  await specs.ready;
  assert.ok(specs.specs.kernelspecs[kernelName]);
  const kernelManager = new KernelManager({ serverSettings });
  const sessions = new SessionManager({ serverSettings, kernelManager });
  await sessions.ready;
  const session = await sessions.startNew({ path: 'ä b.ipynb', name: 'ä b.ipynb', type: 'notebook', kernel: { name: kernelName } });
  const kernel = session.kernel;
  await kernel.info;
  assert.deepEqual(await run(kernel, 'print("hé")\n6*7'), { status: 'ok', text: 'hé\n', result: '42' });
  assert.deepEqual(await run(kernel, 'print(input("? "))'), { status: 'ok', text: 'typed\n', result: undefined });
  const completion = await kernel.requestComplete({ code: 'prin', cursor_pos: 4 });
  assert.ok(completion.content.matches.includes('print'));

  step('execution');
  // Interrupt once the cell is under way.
  const endless = kernel.requestExecute({ code: 'import time\nprint("begun", flush=True)\nwhile True: time.sleep(0.05)', stop_on_error: false });
  await new Promise(resolve => (endless.onIOPub = m => m.header.msg_type === 'stream' && resolve()));
  await kernel.interrupt();
  assert.equal((await endless.done).content.status, 'error');

  step('interrupt');
  await run(kernel, 'x = 1');
  await kernel.restart();
  assert.equal((await run(kernel, 'x')).status, 'error');

  step('restart');
  // A kernel that kills itself is restarted, and the client told.
  const states = [];
  kernel.statusChanged.connect((_, s) => states.push(s));
  const future = kernel.requestExecute({ code: 'import os, signal; os.kill(os.getpid(), signal.SIGKILL)' });
  future.done.catch(() => undefined);
  for (let i = 0; i < 500 && !states.includes('autorestarting'); i++) {
    await new Promise(r => setTimeout(r, 20));
  }
  assert.ok(states.includes('autorestarting'), 'states: ' + states);
  for (let i = 0; i < 500 && kernel.connectionStatus !== 'connected'; i++) {
    await new Promise(r => setTimeout(r, 20));
  }
  assert.equal((await run(kernel, '"alive"')).result, "'alive'");

  step('restart after death');
  // A second connection to the same kernel sees its outputs.
  const other = kernelManager.connectTo({ model: kernel.model });
  await other.info;
  const heard = new Promise(resolve =>
    other.iopubMessage.connect((_, m) => m.header.msg_type === 'stream' && resolve(m.content.text))
  );
  await run(kernel, 'print("for both")');
  assert.equal(await heard, 'for both\n');
  other.dispose();

  step('second connection');
  await session.setPath('moved.ipynb');
  assert.equal((await sessions.findByPath('moved.ipynb')).id, session.id);
  await session.changeKernel({ name: kernelName });
  assert.notEqual(session.kernel.id, kernel.id);
  assert.equal((await run(session.kernel, '1+1')).result, '2');
  step('change of kernel');
  await sessions.refreshRunning();
  assert.equal([...sessions.running()].length, 1);
  await session.shutdown();
  await kernelManager.refreshRunning();
  assert.equal([...kernelManager.running()].length, 0);
  sessions.dispose();
  kernelManager.dispose();
  specs.dispose();
}

async function rest() {
  step('shutdown');
  const settings = new SettingManager({ serverSettings });
  await settings.save('@x/pkg:plugin', '{"a": 1}');
  assert.deepEqual((await settings.list('ids')).ids.includes('@x/pkg:plugin'), true);
  assert.equal((await settings.fetch('@x/pkg:plugin')).raw, '{"a": 1}');
  const workspaces = new WorkspaceManager({ serverSettings });
  await workspaces.save('w', { data: { a: 1 }, metadata: { id: 'w' } });
  assert.deepEqual((await workspaces.list()).ids, ['w']);
  await workspaces.remove('w');
  const section = await ConfigSection.create({ name: 'notebook', serverSettings });
  await section.update({ a: 1 });
  assert.deepEqual(section.data, { a: 1 });
  await new NbConvertManager({ serverSettings }).getExportFormats();
  step('settings');
  // Not UserManager: outside of a browser it is ready only after its first poll, a minute later.
  const me = await ServerConnection.makeRequest(baseUrl + '/api/me', {}, serverSettings);
  assert.ok((await me.json()).identity.username);
}

contents()
  .then(kernels)
  .then(rest)
  .then(
    () => {
      console.log('ok');
      process.exit(0);
    },
    e => {
      console.error(e);
      process.exit(1);
    }
  );
