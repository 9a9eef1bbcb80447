// A headless Chromium that notices what a person would call broken: errors in
// the console, requests that fail, and requests to any host but the server's.
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync'
];

/** The browser's program: CHROMIUM, or Debian's. */
export function program() {
  const path = process.env.CHROMIUM ?? '/usr/bin/chromium';
  if (!existsSync(path))
    throw new Error(`no browser at ${path}: install chromium, or set CHROMIUM`);
  return path;
}

/** Starts the browser; close it when done. */
export function launch() {
  return chromium.launch({ executablePath: program(), args: FLAGS });
}

/**
 * A page in a context of its own (own cookies, own storage), with the list of
 * its problems. `url` is the server's address with its token, if it has one.
 */
export async function visit(browser, url, options = {}) {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    ...options
  });
  const own = new URL(url);
  const problems = [];
  const page = await context.newPage();
  watch(page, own, problems);
  context.on('page', other => watch(other, own, problems));
  page.setDefaultTimeout(30_000);
  const start = async () => {
    await page.goto(own.href);
    await page.waitForSelector('#tutorials:not([aria-busy])', {
      state: 'attached'
    });
  };
  return {
    context,
    page,
    problems,
    start,
    at: path => new URL(path, own.origin).href
  };
}

/**
 * JupyterLab's Markdown shows a picture that is attached to its cell for a moment
 * under its name in the notebook, before it gives it its content; the browser
 * refuses that name and says so.
 */
const attachment = /\battachment:/;

const watched = new WeakSet();

function watch(page, own, problems) {
  if (watched.has(page)) return;
  watched.add(page);
  page.on('console', message => {
    if (message.type() === 'error' && !attachment.test(message.text()))
      problems.push(`console: ${message.text()} (${message.location().url})`);
  });
  page.on('pageerror', error =>
    problems.push(`uncaught: ${error.stack ?? error}`)
  );
  page.on('request', request => {
    const { protocol, host } = new URL(request.url());
    if (/^(data|blob|about|attachment):$/.test(protocol)) return;
    if (host !== own.host) problems.push(`foreign request: ${request.url()}`);
  });
  page.on('requestfailed', request => {
    // A page that is left takes its requests along.
    const reason = request.failure()?.errorText;
    if (reason !== 'net::ERR_ABORTED' && !attachment.test(request.url()))
      problems.push(`failed: ${request.url()}: ${reason}`);
  });
  page.on('response', response => {
    if (response.status() >= 500)
      problems.push(`${response.status()}: ${response.url()}`);
  });
}
