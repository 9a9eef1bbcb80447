// The same cells in the languages of the kernels that the page is tested with.
import { api } from './notebook.mjs';

const snippets = {
  go: {
    loop: 'i := 0\nfor {\n\ti++\n}',
    sleep: 'fmt.Println("sleeping")\ntime.Sleep(time.Minute)',
    set: 'kept := 41',
    get: 'kept + 1',
    fail: 'values := []int{1, 2}\nindex := 5\nvalues[index]',
    failure: 'index out of range',
    print: 'fmt.Println("hello from the cell")',
    lines: 'for i := 0; i < 100000; i++ {\n\tfmt.Println("line", i)\n}',
    slow: 'for i := 1; i <= 4; i++ {\n\tfmt.Println("step", i)\n\ttime.Sleep(700 * time.Millisecond)\n}'
  },
  python: {
    loop: 'while True: pass',
    sleep: 'print("sleeping")\nimport time; time.sleep(60)',
    set: 'kept = 41',
    get: 'kept + 1',
    fail: 'values = [1, 2]\nvalues[5]',
    failure: 'index out of range',
    print: 'print("hello from the cell")',
    lines: 'for i in range(100000): print("line", i)',
    slow: 'import time\nfor i in range(1, 5):\n    print("step", i, flush=True)\n    time.sleep(.7)'
  }
};

/** The snippets for the kernel that new notebooks of the server get. */
export async function code(page) {
  const preferred = await page.evaluate(
    () =>
      JSON.parse(document.getElementById('jupyter-config-data').textContent)
        .defaultKernel || 'poolbook'
  );
  const { kernelspecs, default: fallback } = await api(
    page,
    'GET',
    'api/kernelspecs'
  );
  const language = (
    kernelspecs[preferred] ?? kernelspecs[fallback]
  ).spec.language.toLowerCase();
  if (!snippets[language])
    throw new Error(`no snippets for a kernel of ${language}`);
  return snippets[language];
}
