"""What the tests are given."""

import pytest_asyncio
from editor import Editor


@pytest_asyncio.fixture
async def start(tmp_path):
    """Starts editors: `await start({"main.py": "..."}, ...)`. Their sessions end with the test."""
    editors = []

    async def start_one(files=(), **how):
        for name, text in dict(files).items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="")
        editor = await Editor.start(tmp_path, **how)
        editors.append(editor)
        return editor

    yield start_one
    for editor in editors:
        await editor.finish()
