"""A notebook with a cell tagged "parameters", and one put behind it as papermill does, through nbclient."""

import nbclient
import nbformat

v4 = nbformat.v4
nb = v4.new_notebook(
    metadata={"kernelspec": {"name": "poolbook", "display_name": "Go (Poolbook)", "language": "go"}},
    cells=[
        v4.new_code_cell('n := 3\nname := "nobody"\nratio := 0.5', metadata={"tags": ["parameters"]}),
        v4.new_code_cell('n := 7\nname := "Ada"\nratio := 1.5', metadata={"tags": ["injected-parameters"]}),
        v4.new_code_cell('fmt.Println(n, name, ratio)\nn * 6'),
        v4.new_markdown_cell("text"),
        v4.new_code_cell('panic("on purpose")', metadata={"tags": ["raises-exception"]}),
        v4.new_code_cell('display.Update("later", 1)'),
        v4.new_code_cell('display.Update("later", "changed")'),
    ],
)
nbclient.NotebookClient(nb, timeout=60).execute()
nbformat.validate(nb)
outputs = nb.cells[2].outputs
assert outputs[0]["text"] == "7 Ada 1.5\n" and outputs[1]["data"]["text/plain"] == "42", outputs
assert nb.cells[4].outputs[0]["ename"] == "panic", nb.cells[4].outputs
assert nb.cells[5].outputs[0]["data"]["text/plain"] == '"changed"', nb.cells[5].outputs
assert nb.cells[6].outputs == [], nb.cells[6].outputs
print("passed")
