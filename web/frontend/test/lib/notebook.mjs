// A notebook in the page, driven as a person would: keys and visible buttons.

export class Notebook {
  constructor(page) {
    this.page = page;
    this.panel = page.locator('.jp-NotebookPanel:not(.lm-mod-hidden)');
    this.cells = this.panel.locator('.jp-Notebook .jp-Cell');
  }

  /** Waits for the first cell, and for the kernel to be ready for it. */
  async ready() {
    await this.cells.first().waitFor();
    await this.page.waitForFunction(
      () =>
        /\| (Idle|Busy)/.test(
          document.querySelector('#jp-main-statusbar')?.textContent ?? ''
        ),
      null,
      {
        timeout: 30_000
      }
    );
    return this;
  }

  /** The path of the notebook in the served folder. */
  path() {
    return decodeURIComponent(
      new URL(this.page.url()).pathname.replace(/^.*\/notebooks\//, '')
    );
  }

  /** Selects a cell without editing it. */
  async select(index) {
    await this.cells
      .nth(index)
      .locator('.jp-InputPrompt')
      .first()
      .click({ force: true });
    await this.page.keyboard.press('Escape');
  }

  /** Leaves the editor, so that letters are commands. */
  async command() {
    await this.page.keyboard.press('Escape');
    await this.panel
      .locator('.jp-Notebook.jp-mod-commandMode:focus-within')
      .waitFor();
  }

  /** Replaces the code of a cell by typing it. */
  async type(index, code) {
    const editor = this.cells.nth(index).locator('.cm-content').first();
    await editor.click();
    await this.page.keyboard.press('Control+a');
    await this.page.keyboard.press('Delete');
    // As one insertion, so that no closing bracket comes by itself.
    await this.page.keyboard.insertText(code);
  }

  /** Runs the selected cell by Shift-Enter and goes on to the next. */
  async shiftEnter() {
    await this.page.keyboard.press('Shift+Enter');
  }

  /** Types code into a cell and runs it; does not wait for it. */
  async run(index, code) {
    await this.type(index, code);
    await this.shiftEnter();
  }

  /** Waits until a code cell has run: its prompt has a number. */
  async finished(index, timeout = 60_000) {
    await this.prompt(index, /^\[\d+\]:?$/, timeout);
  }

  /** Waits until a code cell runs: its prompt is a star. */
  async started(index, timeout = 30_000) {
    await this.prompt(index, /^\[\*\]:?$/, timeout);
  }

  async prompt(index, pattern, timeout) {
    await this.page.waitForFunction(
      ({ index, pattern }) => {
        const cell = document.querySelectorAll(
          '.jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook .jp-Cell'
        )[index];
        return new RegExp(pattern).test(
          cell?.querySelector('.jp-InputPrompt')?.textContent?.trim() ?? ''
        );
      },
      { index, pattern: pattern.source },
      { timeout }
    );
  }

  /** The text of a cell's outputs as they are seen. */
  async output(index) {
    return (
      await this.cells
        .nth(index)
        .locator('.jp-OutputArea-output')
        .allInnerTexts()
    ).join('\n');
  }

  /** Waits until a cell's outputs have a text. */
  async shows(index, text, timeout = 30_000) {
    await this.page.waitForFunction(
      ({ index, text }) => {
        const cell = document.querySelectorAll(
          '.jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook .jp-Cell'
        )[index];
        return cell
          ?.querySelector('.jp-OutputArea')
          ?.textContent?.includes(text);
      },
      { index, text },
      { timeout }
    );
  }

  /** Presses a button of the notebook's toolbar by its name there. */
  async button(name) {
    await this.panel
      .locator(
        `.jp-NotebookPanel-toolbar [data-jp-item-name="${name}"] >> css=button, jp-button`
      )
      .first()
      .click();
  }

  /**
   * Saves by Ctrl-S and waits until the page says that it is saved: what comes late from the kernel makes the notebook
   * unsaved again, until the next automatic save.
   */
  async save() {
    await this.page.keyboard.press('Control+s');
    await this.saved();
  }

  async saved() {
    await this.panel
      .locator('.pb-SaveState[data-state="saved"]')
      .waitFor({ state: 'attached' });
  }
}

/** One request to the server's API from within the page, with its cookies. */
export function api(page, method, path, body) {
  return page.evaluate(
    async ({ method, path, body }) => {
      const config = JSON.parse(
        document.getElementById('jupyter-config-data').textContent
      );
      const xsrf = /(?:^|; )_xsrf=([^;]*)/.exec(document.cookie)?.[1];
      const headers = { 'Content-Type': 'application/json' };
      if (config.token) headers.Authorization = `token ${config.token}`;
      if (xsrf) headers['X-XSRFToken'] = decodeURIComponent(xsrf);
      const response = await fetch(config.baseUrl + path, {
        method,
        headers,
        body: body && JSON.stringify(body)
      });
      if (!response.ok)
        throw new Error(
          `${method} ${path}: ${response.status} ${await response.text()}`
        );
      const text = await response.text();
      return text ? JSON.parse(text) : undefined;
    },
    { method, path, body }
  );
}

/** The stored notebook of a path: its JSON. */
export async function stored(page, path) {
  return (
    await api(
      page,
      'GET',
      `api/contents/${path.split('/').map(encodeURIComponent).join('/')}?type=notebook`
    )
  ).content;
}
