"""A space to start from, as ``rtloom explore --example`` prints it."""

__all__ = ["EXAMPLE"]

EXAMPLE = """\
# What is explored: rtloom explore FILE; goes on where it was when it is called again.
name: int8-arrays
family: systolic              # rtloom list
workload: mobilenet-v1        # rtloom workload lists them; or a YAML, ONNX or config.json file
axes:                         # parameters that vary: rtloom describe systolic
  rows: {from: 4, to: 16, step: 4}
  cols: {from: 4, to: 16, times: 2}
  dataflow: [output_stationary, weight_stationary]
  pipeline: [1, 2]
base:                         # parameters that all points share
  max_reduction: 16384
objectives: [latency, area, energy]   # also throughput, edp, accuracy
constraints:
  area: {at_most: 250000}     # GE with the built-in cells, um^2 with a liberty file
clock_mhz: 100                # netlists that miss it are out
memory: {buffer_kib: 256, bandwidth_gb_s: 6.4, dram: lpddr4, schedule: belady}  # or none, lru, milp
node: sky130                  # built-in technology: sky130, sg13g2 or asap7; or liberty: [FILE.lib.gz]
recipes: [{booth: true}, {booth: false}]   # part of what a point is; also goal and flatten
data: relu                    # operands of the simulations: relu, gauss, uniform; or tensors: FILE.npz
synthesise: 12                # how many points get a netlist
"""
