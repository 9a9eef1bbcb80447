"""Debian's jupyter_kernel_test against the echo kernel, with every feature that its session has."""

import sys
import unittest

import jupyter_kernel_test as jkt


class EchoKernelTests(jkt.KernelTests):
    kernel_name = "echo"
    language_name = "echo"
    file_extension = ".echo"
    code_hello_world = "print hello, world"
    code_stderr = "stderr oops"
    completion_samples = [{"text": "print ab", "matches": {"ab!"}}, {"text": "é𝄞 cd", "matches": {"cd!"}}]
    complete_code_samples = ["print x"]
    incomplete_code_samples = ["if {"]
    invalid_code_samples = ["bad"]
    code_page_something = "page some text"
    code_generate_error = "error wrong"
    code_execute_result = [{"code": "value 6", "result": "6"}, {"code": "value 7", "result": "7"}]
    code_display_data = [{"code": "display x", "mime": "text/html"}, {"code": "display x", "mime": "image/png"}]
    code_history_pattern = "value 6*"
    supported_history_operations = ("tail", "range", "search")
    code_inspect_sample = "print"
    code_clear_output = "clear"


if __name__ == "__main__":
    suite = unittest.defaultTestLoader.loadTestsFromTestCase(EchoKernelTests)
    result = unittest.TextTestRunner(verbosity=2).run(suite)
    print(f"ran={result.testsRun} skipped={len(result.skipped)}")
    sys.exit(0 if result.wasSuccessful() and not result.skipped else 1)
