// This kernel through this server with @jupyterlab/services under Node: cells, input, help, comms, subshells, interrupt, restart.
//
// usage: node services.cjs URL TOKEN KERNEL      (NODE_PATH names the folder with @jupyterlab/services)

'use strict';

const assert = require('node:assert/strict');
const [baseUrl, token, kernelName] = process.argv.slice(2);
const { KernelManager, ServerConnection, SessionManager } = require('@jupyterlab/services');

const serverSettings = ServerConnection.makeSettings({
  baseUrl: baseUrl + '/',
  wsUrl: baseUrl.replace('http', 'ws') + '/',
  token,
  appendToken: true
});

/** Runs a cell; onMessage sees what it causes. */
async function run(kernel, code, onMessage = () => undefined) {
  const future = kernel.requestExecute({ code, stop_on_error: false });
  const seen = { text: '', result: undefined, types: [] };
  future.onIOPub = m => {
    seen.types.push(m.header.msg_type);
    if (m.header.msg_type === 'stream') {
      seen.text += m.content.text;
    } else if (m.header.msg_type === 'execute_result') {
      seen.result = m.content.data;
    }
    onMessage(m);
  };
  future.onStdin = m => {
    if (m.header.msg_type === 'input_request') {
      assert.equal(m.content.password, true);
      future.sendInputReply({ value: 'typed', status: 'ok' }, m.header);
    }
  };
  seen.status = (await future.done).content.status;
  return seen;
}

async function main() {
  const kernelManager = new KernelManager({ serverSettings });
  const sessions = new SessionManager({ serverSettings, kernelManager });
  await sessions.ready;
  const session = await sessions.startNew({ path: 'a.ipynb', name: 'a.ipynb', type: 'notebook', kernel: { name: kernelName } });
  const kernel = session.kernel;
  const info = await kernel.info;
  assert.equal(info.language_info.name, 'go');
  assert.ok(info.supported_features.includes('kernel subshells'));

  let r = await run(kernel, 'fmt.Println("hé")\n6 * 7');
  assert.deepEqual([r.status, r.text, r.result['text/plain']], ['ok', 'hé\n', '42']);
  r = await run(kernel, 'answer, _ := display.Password("? ")\nfmt.Println(answer)');
  assert.equal(r.text, 'typed\n');
  r = await run(kernel, '[]struct{ A int }{{1}}');
  assert.ok(r.result['text/html'].includes('<table>'));
  r = await run(kernel, 'display.Update("x", 1)\ndisplay.Update("x", 2)');
  assert.deepEqual(r.types.filter(t => t.includes('display')), ['display_data', 'update_display_data']);

  const completion = (await kernel.requestComplete({ code: 'strings.ToUp', cursor_pos: 12 })).content;
  assert.equal(completion.matches[0], 'ToUpper');
  assert.equal(completion.metadata._jupyter_types_experimental[0].type, 'function');
  const help = (await kernel.requestInspect({ code: 'fmt.Println', cursor_pos: 6, detail_level: 0 })).content;
  assert.ok(help.found && help.data['text/plain'].includes('formats using the default formats'));
  const whole = (await kernel.requestIsComplete({ code: 'for {' })).content;
  assert.deepEqual([whole.status, whole.indent], ['incomplete', '    ']);
  const history = (await kernel.requestHistory({ hist_access_type: 'tail', n: 1, output: false, raw: true })).content;
  assert.ok(history.history[0][2].includes('display.Update'));

  // A comm that a cell has registered.
  await run(kernel, 'comm.Register("double", func(c *comm.Comm) { c.OnMsg(func(m comm.Message) { var n int; m.Decode(&n); c.Send(2 * n) }) })');
  const comm = kernel.createComm('double');
  const answered = new Promise(resolve => (comm.onMsg = m => resolve(m.content.data)));
  await comm.open({}).done;
  await comm.send(21).done;
  assert.equal(await answered, 42);
  await comm.close().done;

  // The variables, as an explorer follows them.
  await run(kernel, 'count := 42');
  const variables = kernel.createComm('poolbook.variables');
  const listed = new Promise(resolve => (variables.onMsg = m => resolve(m.content.data)));
  await variables.open({}).done;
  assert.ok((await listed).variables.some(v => v.name === 'count' && v.value === '42' && v.type === 'int'));
  await variables.close().done;

  // A cell that a front end opens a comm from.
  const opened = new Promise(resolve => kernel.registerCommTarget('chart', (c, m) => resolve([c.targetName, m.content.data])));
  await run(kernel, 'chart, _ := comm.Open("chart", map[string]int{"n": 1})');
  assert.deepEqual(await opened, ['chart', { n: 1 }]);

  // Interrupt once the cell is under way, and restart.
  let begun;
  const underWay = new Promise(resolve => (begun = resolve));
  const endless = run(kernel, 'fmt.Println("begun")\nfor {}', m => m.header.msg_type === 'stream' && begun());
  await underWay;
  await kernel.interrupt();
  assert.equal((await endless).status, 'error');
  await kernel.restart();
  assert.equal((await run(kernel, 'count')).status, 'error');
  assert.equal((await run(kernel, '1 + 1')).result['text/plain'], '2');
  await session.shutdown();
  console.log('passed');
  process.exit(0);
}

main().catch(err => {
  console.error(err);
  process.exit(1);
});
