"""Builds what git does not hold and the wheel must: web assets and compiled translations."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CustomBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Runs before a wheel is packed; an editable install builds them when it starts instead."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the assets and translations into the package."""
        if self.target_name != "wheel" or version == "editable":
            return
        root = Path(self.root)
        subprocess.run([sys.executable, str(root / "web" / "build.py")], check=True)
        # Loaded by path: the package itself is not installed where wheels are built.
        file = root / "src" / "huitou" / "config" / "translations.py"
        spec = importlib.util.spec_from_file_location("translations", file)
        if spec is None or spec.loader is None:
            raise RuntimeError(f"cannot load {file}")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        module.compile_translations()
