// A headless Chromium that notices what a person would call broken: errors and
// warnings in the console, requests that fail, and requests to any host but the server's.
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

/** JupyterLab's word for a connection that ends because its kernel starts anew. */
const reconnects = /^Connection lost, reconnecting in 0 seconds/;

/** What a driver without a graphics card says of itself. */
const driver = /GL Driver Message \(OpenGL, Performance/;

const watched = new WeakSet();

function watch(page, own, problems) {
  if (watched.has(page)) return;
  watched.add(page);
  page.on('console', message => {
    if (
      /^(error|warning)$/.test(message.type()) &&
      !reconnects.test(message.text()) &&
      !driver.test(message.text())
    )
      problems.push(`console: ${message.text()} (${message.location().url})`);
  });
  page.on('pageerror', error =>
    problems.push(`uncaught: ${error.stack ?? error}`)
  );
  page.on('request', request => {
    const { protocol, host } = new URL(request.url());
    if (/^(data|blob|about):$/.test(protocol)) return;
    if (host !== own.host) problems.push(`foreign request: ${request.url()}`);
  });
  page.on('requestfailed', request => {
    // A page that is left takes its requests along.
    const reason = request.failure()?.errorText;
    if (reason !== 'net::ERR_ABORTED')
      problems.push(`failed: ${request.url()}: ${reason}`);
  });
  page.on('response', response => {
    if (response.status() >= 500)
      problems.push(`${response.status()}: ${response.url()}`);
  });
}
