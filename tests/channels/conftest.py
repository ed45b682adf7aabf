from __future__ import annotations

import pytest

# The contract's assertions stand in a module that pytest would not rewrite by itself.
pytest.register_assert_rewrite("tests.channels.contract")
