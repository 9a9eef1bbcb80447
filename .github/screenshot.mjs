// Takes the README's picture: node .github/screenshot.mjs URL FILE
// URL is the address that poolbook prints, FILE the PNG to write.
import { launch, visit } from '../web/frontend/test/lib/browser.mjs';
import { Notebook } from '../web/frontend/test/lib/notebook.mjs';

const [url, file] = process.argv.slice(2);
const browser = await launch();
const { page, start } = await visit(browser, url, { viewport: { width: 1200, height: 860 }, deviceScaleFactor: 2 });
await start();
await page.locator('[data-tutorial="01-map-async"]').click();
await page.waitForURL('**/notebooks/**');
const notebook = await new Notebook(page).ready();
await notebook.select(0);
for (let i = 0; i < 9; i++) {
  const code = await notebook.cells.nth(i).evaluate(cell => cell.classList.contains('jp-CodeCell'));
  await notebook.shiftEnter();
  if (code) await notebook.finished(i);
}
await notebook.cells.nth(3).scrollIntoViewIfNeeded();
await page.waitForTimeout(500); // scrolling is animated
await page.screenshot({ path: file });
await browser.close();
