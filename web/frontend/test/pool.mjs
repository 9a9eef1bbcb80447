// The pool panel on a Go kernel: it shows what runs, stops a job while a cell
// waits for it, marks what failed, and is there again after a reload.
//   node test/pool.mjs URL [WORD…]
import { api, Notebook } from './lib/notebook.mjs';
import { accessible } from './lib/axe.mjs';
import { feedable, fed, feedTasks, pictures } from './lib/feed.mjs';
import { equal, ok, run } from './lib/run.mjs';

async function fresh(t) {
  await t.start();
  await t.page.locator('#new').click();
  await t.page.waitForURL('**/notebooks/**');
  const notebook = await new Notebook(t.page).ready();
  await t.page.keyboard.press('Control+Alt+p');
  await t.page.locator('.pb-PoolView.pb-mod-empty').waitFor();
  return notebook;
}

const job = (page, label) => page.locator('.pb-Job').filter({ hasText: label });

async function follows(t) {
  const { page } = t;
  const notebook = await fresh(t);
  await notebook.run(
    0,
    `p := pool.New(pool.Processes(3))
r := pool.MapAsync(p, func(n int) int {
	time.Sleep(100 * time.Millisecond)
	if n == 7 {
		panic("seven is too much")
	}
	return n
}, pool.Range(30), pool.Label("squares"), pool.ChunkSize(1))
_, err := r.Get()
fmt.Println("over", err != nil)`
  );
  await job(page, 'squares').waitFor();
  await page.locator('.pb-Worker[data-state="busy"]').first().waitFor();
  await notebook.shows(0, 'over true');
  await page.locator('.pb-Job[data-state="failed"]').waitFor();
  ok(
    (await job(page, 'squares').innerText()).includes('1 failed'),
    'the job says what failed'
  );
  equal(await page.locator('.pb-Worker').count(), 3, 'workers');
  await page.waitForFunction(() =>
    /\b30 tasks/.test(document.querySelector('.pb-Sum').textContent)
  );
  await accessible(page);
  // The pointer over the lanes finds the failed task.
  await page.getByRole('button', { name: 'Show all tasks' }).click();
  const { x, y, width } = await page.locator('.pb-Timeline').boundingBox();
  const failed = page.locator('.pb-Tip.pb-mod-failed:not([hidden])');
  for (let at = 0; at < width && !(await failed.count()); at += 8) {
    for (let lane = 0; lane < 3 && !(await failed.count()); lane++)
      await page.mouse.move(x + at, y + 34 + lane * 24);
  }
  ok(
    (await failed.innerText()).includes('seven is too much'),
    'the failed task says why'
  );
  await page.getByRole('button', { name: 'Keep a picture' }).click();
  const picture = page.locator('.jp-MarkdownOutput img');
  await picture.waitFor();
  ok(
    await picture.evaluate(img =>
      img.decode().then(() => img.naturalWidth > 300)
    ),
    'a picture in the notebook'
  );
  const { height, size } = await picture.evaluate(img => ({
    height: img.naturalHeight,
    size: (img.src.length * 3) / 4
  }));
  equal(height, 24 + 3 * 24 + 1, 'the height of ruler and three lanes');
  ok(size < 30_000, `the picture has ${size} bytes`);
  ok(
    (await page.locator('.jp-MarkdownOutput').innerText()).includes(
      'squares: 30/30'
    ),
    'the summary beside it'
  );
  await notebook.save();
  await page.reload();
  await notebook.ready();
  // The panel is there again, as the window was left.
  await job(page, 'squares').waitFor();
  await page.waitForFunction(() =>
    /\b30 tasks/.test(document.querySelector('.pb-Sum').textContent)
  );
}

async function stops(t) {
  const { page } = t;
  const notebook = await fresh(t);
  await notebook.run(
    0,
    `p := pool.New(pool.Processes(2))
_, err := pool.Map(p, func(n int) int { time.Sleep(time.Minute); return n }, pool.Range(10), pool.Label("endless"))
fmt.Println("ended:", err)
p.Terminate()`
  );
  await job(page, 'endless').getByRole('button', { name: 'Stop' }).click();
  await notebook.shows(0, 'ended:', 15_000);
  await page.locator('.pb-Job[data-state="cancelled"]').waitFor();
}

/** What the timeline does with 100,000 tasks, in pictures; SPEED prints the numbers. */
/** What tasks tell of themselves is at their workers, and at the job when it has but one. */
async function tells(t) {
  const notebook = await fresh(t);
  const { page } = t;
  await notebook.run(
    0,
    `p := pool.New(pool.Processes(2))
many := pool.MapAsync(p, func(n int) int {
	pool.TaskLabel(fmt.Sprint("loading ", n))
	pool.TaskProgress(n+1, 4)
	time.Sleep(time.Hour)
	return n
}, pool.Range(2), pool.ChunkSize(1), pool.Label("two"))`
  );
  const worker = name => page.locator('.pb-Worker').filter({ hasText: name });
  await worker('loading 0 25 %').waitFor();
  await worker('loading 1 50 %').waitFor();
  ok(
    (await worker('loading 1').getAttribute('title')).includes(
      'item 1 · loading 1'
    ),
    'the item is told too'
  );
  await page.getByRole('button', { name: 'Stop two' }).click();
  await job(page, 'stopped').waitFor();
  await notebook.run(
    1,
    `one := pool.ApplyAsync(p, func() int {
	pool.TaskLabel("halfway")
	pool.TaskProgress(1, 2)
	time.Sleep(time.Hour)
	return 1
}, pool.Label("one"))`
  );
  await job(page, 'halfway').waitFor();
  await job(page, 'halfway').locator('[aria-valuenow="50"]').waitFor();
  await page.getByRole('button', { name: 'Stop one' }).click();
  await page.locator('.pb-Worker[data-state="busy"]').first().waitFor({
    state: 'detached'
  });
  equal(await worker('halfway').count(), 0, 'workers that still tell');
}

async function many(t, workers) {
  const { page } = t;
  await feedable(page);
  await fresh(t);
  await fed(page);
  const total = 110_000;
  const each = 2;
  await feedTasks(page, {
    first: 0,
    count: 100_000,
    total,
    workers,
    each,
    reset: true
  });
  await page
    .locator('.pb-Job-counts')
    .filter({ hasText: 'of 110,000' })
    .waitFor();
  const found = {};
  // Ten messages a second, a thousand tasks in each, while the picture follows.
  const feeding = (async () => {
    for (let i = 0; i < 9; i++) {
      await feedTasks(page, {
        first: 100_000 + i * 1000,
        count: 1000,
        total,
        workers,
        each: (100 * workers) / 1000
      });
      await page.waitForTimeout(100);
    }
  })();
  found.follow = await pictures(page, 60, () => undefined);
  await feeding;
  await page.getByRole('button', { name: 'Show all tasks' }).click();
  found.all = await pictures(page, 60, () => {
    // As little as can be, so that all of them stay in view.
    document.querySelector('.pb-Timeline').dispatchEvent(
      new WheelEvent('wheel', {
        deltaX: 1,
        deltaY: 0,
        cancelable: true
      })
    );
  });
  found.zoom = await pictures(page, 60, n => {
    document.querySelector('.pb-Timeline').dispatchEvent(
      new WheelEvent('wheel', {
        deltaY: n <= 30 ? -120 : 120,
        ctrlKey: true,
        cancelable: true
      })
    );
  });
  found.pan = await pictures(page, 60, n => {
    document.querySelector('.pb-Timeline').dispatchEvent(
      new WheelEvent('wheel', {
        deltaX: n <= 30 ? 25 : -25,
        deltaY: 0,
        cancelable: true
      })
    );
  });
  if (process.env.SPEED) console.log(workers, 'workers', found);
  for (const [what, { median, longest }] of Object.entries(found)) {
    // A picture takes a few ms; the rest is for a machine with other work.
    ok(median < 100, `${what}: half of the pictures took over ${median} ms`);
    ok(longest < 2000, `${what}: one piece of work took ${longest} ms`);
  }
  equal(await page.locator('.pb-Worker').count(), workers, 'workers');
}

/** Every worker's lane is in view, however many there are, or as rows that scroll; a long name leaves room for the stop button. */
async function fits(t) {
  const { page } = t;
  await feedable(page);
  await fresh(t);
  await fed(page);
  const inside = () =>
    page.evaluate(() => {
      const box = document.querySelector('.pb-Lanes');
      const panel = document.querySelector('.pb-Pool').getBoundingClientRect();
      const wide = [...document.querySelectorAll('.pb-Pool *')].filter(
        n => n.getBoundingClientRect().right > panel.right + 1
      );
      const stop = document.querySelector('.pb-Job-stop');
      const { left, right } = stop.getBoundingClientRect();
      const { right: edge } = document
        .querySelector('.pb-Jobs')
        .getBoundingClientRect();
      return {
        scrolls: box.scrollHeight > box.clientHeight,
        wide: wide.length,
        stop: left < right && right <= edge
      };
    });
  for (const workers of [2, 8, 64]) {
    await feedTasks(page, {
      first: 0,
      count: 1000,
      total: 2000,
      workers,
      each: 5,
      reset: true
    });
    await page.waitForFunction(
      n => document.querySelectorAll('.pb-Worker').length === n,
      workers
    );
    // A name as long as can be.
    await page.evaluate(() => {
      document.querySelector('.pb-Job-label').textContent = 'long '.repeat(40);
    });
    const { scrolls, wide, stop } = await inside();
    equal(scrolls, false, `${workers} workers: the lanes scroll`);
    equal(wide, 0, `${workers} workers: parts wider than the panel`);
    ok(stop, `${workers} workers: the stop button is in view`);
    await accessible(page);
  }
  await page.getByRole('button', { name: 'A row with its numbers' }).click();
  await page.waitForFunction(() => {
    const box = document.querySelector('.pb-Lanes');
    return box.scrollHeight > box.clientHeight;
  });
  ok(
    await page
      .getByRole('cell', { name: 'PoolWorker-3', exact: true })
      .isVisible(),
    'a row for each worker'
  );
  await accessible(page);
}

/** Paused and zoomed by keys, and seen again so after a reload. */
async function pauses(t) {
  const { page } = t;
  const notebook = await fresh(t);
  await notebook.run(
    0,
    `p := pool.New(pool.Processes(2))
got, err := pool.Map(p, func(n int) int { time.Sleep(20 * time.Millisecond); return n }, pool.Range(40), pool.ChunkSize(1))
fmt.Println("over", len(got), err)`
  );
  await notebook.shows(0, 'over 40');
  await job(page, 'done').waitFor();
  const timeline = page.locator('.pb-Timeline');
  const picture = () => timeline.evaluate(canvas => canvas.toDataURL());
  const followed = await picture();
  await timeline.focus();
  await page.keyboard.press('Space');
  await page.getByRole('button', { name: 'Follow' }).waitFor();
  for (const key of ['+', '+', 'ArrowLeft']) await page.keyboard.press(key);
  await page.waitForFunction(
    before => document.querySelector('.pb-Timeline').toDataURL() !== before,
    followed
  );
  await page.waitForFunction(() =>
    /2 workers, 0 busy · 40 tasks.* 0 tasks failed/.test(
      document.querySelector('.pb-Timeline').getAttribute('aria-label')
    )
  );
  await notebook.save();
  await page.waitForTimeout(300);
  const paused = await picture();
  await page.reload();
  await notebook.ready();
  await page.getByRole('button', { name: 'Follow' }).waitFor();
  await page.waitForFunction(
    before => document.querySelector('.pb-Timeline').toDataURL() === before,
    paused
  );
  await timeline.focus();
  await page.keyboard.press('End');
  await page.getByRole('button', { name: 'Pause' }).waitFor();
}

/**
 * The tab is closed in the middle of a long map and opened again: what was printed, the progress and the timeline are there, and
 * go on to the end, each line once.
 */
async function comesBack(t) {
  const notebook = await fresh(t);
  await notebook.run(
    0,
    `p := pool.New(pool.Processes(2))
got, err := pool.Map(p, func(n int) int {
	time.Sleep(200 * time.Millisecond)
	if n%20 == 0 {
		fmt.Println("at", n)
	}
	return n
}, pool.Range(220), pool.ChunkSize(1), pool.Label("long"))
fmt.Println("over", len(got), err)`
  );
  await job(t.page, 'long').waitFor();
  await notebook.shows(0, 'at 20');
  // While the bar moves there is always something new to save.
  const put = t.page.waitForResponse(r => r.request().method() === 'PUT');
  await t.page.keyboard.press('Control+s');
  ok((await put).ok(), 'the notebook is saved');
  const address = t.page.url();
  const session = await api(t.page, 'GET', 'api/sessions');
  await t.page.close();
  // From here on nobody looks.
  const watcher = await t.context.newPage();
  await watcher.goto(t.at('/'));
  const until = Date.now() + 60_000;
  const done = async () => {
    const [entry] = (
      await api(
        watcher,
        'GET',
        `poolbook/api/kernels/${session.find(s => address.endsWith(s.path)).kernel.id}/journal`
      )
    ).entries;
    return JSON.stringify(entry.messages).includes('at 100');
  };
  while (!(await done()) && Date.now() < until)
    await watcher.waitForTimeout(200);
  await watcher.close();
  const page = await t.context.newPage();
  await page.goto(address);
  const again = await new Notebook(page).ready();
  await again.shows(0, 'at 100');
  await again.started(0);
  await page.locator('.jp-OutputArea progress').waitFor();
  await page.waitForFunction(() =>
    document.querySelector('#jp-main-statusbar').textContent.includes('| Busy')
  );
  await page.keyboard.press('Control+Alt+p');
  await job(page, 'long').waitFor();
  const seen = () =>
    page.evaluate(() => {
      const text = document.querySelector('.pb-Job-counts').textContent;
      return Number(/^(\d+) of 220/.exec(text)?.[1] ?? 0);
    });
  const before = await seen();
  ok(before >= 100 && before < 220, `the job is at ${before} of 220`);
  equal(
    await page.locator('.pb-Worker[data-state="busy"]').count(),
    2,
    'busy workers'
  );
  await again.shows(0, 'over 220', 60_000);
  await again.finished(0);
  equal(
    (await again.output(0)).match(/^(at|over) \d+/gm).join(),
    [...Array(11).keys()].map(n => `at ${20 * n}`).join() + ',over 220',
    'what was printed'
  );
  equal(await page.locator('.jp-OutputArea progress').count(), 0, 'bars');
  ok((await again.output(0)).includes('long: 220/220'), 'the summary');
  await again.save();
  await page.waitForFunction(() =>
    /\b220 tasks/.test(document.querySelector('.pb-Sum').textContent)
  );
  if (process.env.SCREENSHOTS)
    await page.screenshot({
      path: `${process.env.SCREENSHOTS}/panel-come-back-end.png`
    });
}

/** How many pool panels the kernel of a notebook feeds. */
function fedPanels(page, path) {
  return page.evaluate(async path => {
    const sessions = await (await fetch('/api/sessions')).json();
    const { kernel } = sessions.find(s => s.path === path);
    const url = `/api/kernels/${kernel.id}/channels`;
    const socket = new WebSocket(url.replace(/^/, `ws://${location.host}`));
    const header = {
      msg_id: 'asked',
      msg_type: 'comm_info_request',
      session: 'test',
      username: '',
      version: '5.3',
      date: new Date().toISOString()
    };
    const content = { target_name: 'pool' };
    const ask = {
      channel: 'shell',
      header,
      parent_header: {},
      metadata: {},
      content
    };
    const comms = await new Promise(resolve => {
      socket.onopen = () => socket.send(JSON.stringify(ask));
      socket.onmessage = ({ data }) => {
        const { msg_type, content } = JSON.parse(data);
        if (msg_type === 'comm_info_reply') resolve(content.comms);
      };
    });
    socket.close();
    return Object.keys(comms).length;
  }, path);
}

/** Pages that are gone are not fed any longer, and the panel's tab looks the same after a reload. */
async function reloads(t) {
  const { page } = t;
  const notebook = await fresh(t);
  await notebook.save();
  const path = notebook.path();
  for (let i = 0; i < 3; i++) {
    const opened = page.waitForEvent('websocket', ws =>
      ws.url().includes('/channels')
    );
    await page.reload();
    await opened;
    await notebook.ready();
    await page.locator('.pb-PoolView').waitFor();
  }
  const apart = await page
    .locator('.lm-TabBar-tab', { hasText: 'Pool' })
    .evaluate(tab => {
      const middle = e => {
        const { top, height } = e.getBoundingClientRect();
        return top + height / 2;
      };
      const [icon, label] = ['svg', '.lm-TabBar-tabLabel'].map(part =>
        middle(tab.querySelector(part))
      );
      return Math.abs(icon - label);
    });
  ok(apart < 2, `the tab's icon is ${apart} px off its label`);
  // The new page's comm is opened a little after its kernel is ready.
  let count;
  for (let i = 0; i < 50 && count !== 1; i++) {
    count = await fedPanels(page, path);
    await page.waitForTimeout(100);
  }
  equal(count, 1, 'panels that are fed');
}

const phone = {
  viewport: { width: 390, height: 844 },
  hasTouch: true,
  isMobile: true
};

/** Workers that have ended do not fill the panel: they are below a line that says how many, and what failed is red once. */
async function folds(t) {
  await t.start();
  const { page } = t;
  await page.locator('#new').click();
  await page.waitForURL('**/notebooks/**');
  const notebook = await new Notebook(page).ready();
  await notebook.run(
    0,
    `p := pool.New(pool.Processes(3))
q := pool.New(pool.Processes(2))
q.Terminate()
q.Join()
r := pool.MapAsync(p, func(i int) int { return 6 / i }, []int{3, 0, 2})
_, err := r.Get()
err != nil`
  );
  await notebook.finished(0);
  await page.locator('.pb-PoolButton').click();
  const rows = page.locator('.pb-Worker');
  const fold = page.locator('.pb-Ended');
  await fold.getByText('2 ended').waitFor();
  equal(await rows.count(), 3, 'rows while folded');
  await fold.click();
  await page.waitForFunction(
    () => document.querySelectorAll('.pb-Worker').length === 5
  );
  const states = await rows.evaluateAll(all =>
    all.map(row => row.dataset.state)
  );
  equal(states.slice(3).join(), 'ended,ended', 'the last rows');
  const counts = page.locator('.pb-Job-counts').first();
  equal(
    (await counts.innerText()).match(/failed/g)?.length,
    1,
    'how often it says that it failed'
  );
  const colour = await counts
    .locator('.pb-mod-failed')
    .evaluate(node => getComputedStyle(node).color);
  const [red, green, blue] = colour.match(/\d+/g).map(Number);
  ok(red > green + 80 && red > blue + 80, `a failure is ${colour}`);
}

await run([
  ['panel folds what has ended', folds],
  ['panel follows', follows],
  ['panel stops a job', stops],
  ['panel come back', comesBack],
  ['panel after reloads', reloads],
  ['panel tells what tasks tell', tells],
  ['panel fits its workers', fits],
  ['panel pauses', pauses],
  ['panel fits its workers, phone', fits, phone],
  ['panel of 100,000 tasks, 8 workers', t => many(t, 8)],
  ['panel of 100,000 tasks, 64 workers', t => many(t, 64)]
]);
