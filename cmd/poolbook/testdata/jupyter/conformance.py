"""Debian's jupyter_kernel_test against the installed kernel, with everything that it can ask for."""

import sys
import unittest

import jupyter_kernel_test as jkt


class PoolbookTests(jkt.KernelTests):
    kernel_name = "poolbook"
    language_name = "go"
    file_extension = ".go"
    code_hello_world = 'fmt.Println("hello, world")'
    code_stderr = 'fmt.Fprintln(os.Stderr, "oops")'
    completion_samples = [
        {"text": "fmt.Printl", "matches": {"Println", "Fprintln", "Sprintln"}},
        {"text": "x := strings.ToUpp", "matches": {"ToUpper", "ToUpperSpecial"}},
        {"text": "/* é𝄞 */ len", "matches": {"len"}},
    ]
    complete_code_samples = ["1 + 1", "x := 3", "func f() {\n\treturn\n}", "for i := range 3 { fmt.Println(i) }"]
    incomplete_code_samples = ["if true {", "fmt.Println(", "x := `text", "func f() {\n\tx := 3"]
    invalid_code_samples = ["x := )", "func 3() {}", 'y := "text']
    code_generate_error = 'panic("wrong")'
    code_execute_result = [
        {"code": "6 * 7", "result": "42"},
        {"code": '"a" + "b"', "result": '"ab"'},
        {"code": "[]int{1, 2}", "result": "[]int{1, 2}"},
    ]
    code_display_data = [
        {"code": 'display.HTML("<b>x</b>")', "mime": "text/html"},
        {"code": 'display.SVG("<svg/>")', "mime": "image/svg+xml"},
        {"code": 'display.Markdown("*x*")', "mime": "text/markdown"},
        {"code": "display.Show(image.NewGray(image.Rect(0, 0, 2, 2)))", "mime": "image/png"},
        {"code": 'display.VegaLite(`{"mark": "bar"}`)', "mime": "application/vnd.vegalite.v5+json"},
    ]
    code_history_pattern = "6 ? 7*"
    supported_history_operations = ("tail", "range", "search")
    code_inspect_sample = "fmt.Println"
    code_clear_output = "display.Clear()"
    code_page_something = "?fmt.Println"


if __name__ == "__main__":
    suite = unittest.defaultTestLoader.loadTestsFromTestCase(PoolbookTests)
    result = unittest.TextTestRunner(verbosity=2).run(suite)
    print(f"ran={result.testsRun} skipped={len(result.skipped)}")
    sys.exit(0 if result.wasSuccessful() and not result.skipped else 1)
