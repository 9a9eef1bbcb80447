"""A notebook through nbclient, and through nbconvert --execute."""

import subprocess
import sys

import nbclient
import nbformat

nb = nbformat.v4.new_notebook(
    metadata={"kernelspec": {"name": "echo", "display_name": "Echo", "language": "echo"}},
    cells=[
        nbformat.v4.new_code_cell("print hello\nstderr oops\nvalue 42"),
        nbformat.v4.new_markdown_cell("text"),
        nbformat.v4.new_code_cell("display <x>\nupdate changed"),
        nbformat.v4.new_code_cell("error wrong", metadata={"tags": ["raises-exception"]}),
    ],
)
nbformat.write(nb, "in.ipynb")
nbclient.NotebookClient(nb, timeout=30).execute()
first, _, third, fourth = nb.cells
assert [o["output_type"] for o in first.outputs] == ["stream", "stream", "execute_result"], first.outputs
assert first.outputs[0]["text"] == "hello\n" and first.outputs[2]["data"]["text/plain"] == "42"
assert third.outputs[0]["data"]["text/html"] == "changed", third.outputs
assert fourth.outputs[0]["ename"] == "EchoError"

subprocess.run([sys.executable, "-m", "nbconvert", "--to", "notebook", "--execute", "--output", "out.ipynb", "in.ipynb"], check=True)
out = nbformat.read("out.ipynb", as_version=4)
assert out.cells[0].outputs[0]["text"] == "hello\n" and out.cells[0].execution_count == 1
print("passed")
