"""Run the bench on a design and report every scenario in words."""

import json
import shutil
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from ..cache import cache_dir
from ..errors import ToolError
from ..generators.design import Design, emit_design
from ..generators.spec import Spec, load
from .check import Context
from .plan import plan
from .scenarios import Scenario, Settings, job_arrays
from .vectors import Vectors
