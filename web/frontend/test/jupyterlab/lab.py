"""Jupyter's own server with the JupyterLab that build.mjs makes.

usage: lab.py DIST PORT TOKEN FOLDER      JUPYTER_PATH names what else is installed: kernels, extensions
"""

import os
import sys

from jupyterlab_server import LabServerApp

DIST, PORT, TOKEN, FOLDER = sys.argv[1:5]


class Lab(LabServerApp):
    """JupyterLab's application: where its files are."""

    name = "lab"
    app_name = "JupyterLab"
    app_version = "4.6.4"
    app_url = "/lab"
    default_url = "/lab"
    static_dir = os.path.join(DIST, "static")
    templates_dir = os.path.join(DIST, "templates")
    schemas_dir = os.path.join(DIST, "schemas")
    themes_dir = os.path.join(DIST, "themes")
    app_settings_dir = os.path.join(FOLDER, ".lab")
    user_settings_dir = os.path.join(FOLDER, ".lab", "settings")
    workspaces_dir = os.path.join(FOLDER, ".lab", "workspaces")
    cache_files = True
    load_other_extensions = False


def _jupyter_server_extension_points():
    return [{"module": "lab", "app": Lab}]


if __name__ == "__main__":
    import lab  # the server looks the extension up by its module's name

    lab.Lab.launch_instance(
        argv=[
            "--ServerApp.port=" + PORT,
            "--ServerApp.port_retries=0",
            "--ServerApp.token=" + TOKEN,
            "--ServerApp.root_dir=" + FOLDER,
            "--ServerApp.open_browser=False",
            "--ServerApp.allow_root=True",
        ]
    )
