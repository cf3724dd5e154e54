// The verilated model of one design behind the table that shim.cpp drives; compiled together with the model.
#include "Vtop.h"
#include "shim.h"
#if VM_COVERAGE
#include "verilated_cov.h"
#endif
#if VM_TRACE_FST
#include "verilated_fst_c.h"
using Trace = VerilatedFstC;
#elif VM_TRACE_SAIF
#include "verilated_saif_c.h"
using Trace = VerilatedSaifC;
#elif VM_TRACE
#include "verilated_vcd_c.h"
using Trace = VerilatedVcdC;
#endif
#include <utility>

namespace {

#define PORT(text, member, width, output)                                       \
    {text, width, output, static_cast<int32_t>(sizeof(std::declval<Vtop&>().member)), \
     [](void* top) -> void* { return &static_cast<Vtop*>(top)->member; }},
const Port ports[] = {
#include "ports.inc"
    {nullptr, 0, 0, 0, nullptr}};
#undef PORT

void* create(void* context) { return new Vtop(static_cast<VerilatedContext*>(context), "TOP"); }

void destroy(void* top) {
    static_cast<Vtop*>(top)->final();
    delete static_cast<Vtop*>(top);
}

void evaluate(void* top) { static_cast<Vtop*>(top)->eval(); }

#if VM_TRACE
void* trace_open(void* context, void* top, const char* path) {
    static_cast<VerilatedContext*>(context)->traceEverOn(true);
    Trace* trace = new Trace;
    static_cast<Vtop*>(top)->trace(trace, 99);
    trace->open(path);
    if (trace->isOpen()) return trace;
    delete trace;
    return nullptr;
}

void trace_dump(void* trace, uint64_t time) { static_cast<Trace*>(trace)->dump(time); }

void trace_close(void* trace) {
    static_cast<Trace*>(trace)->close();
    delete static_cast<Trace*>(trace);
}
#define TRACE trace_open, trace_dump, trace_close
#else
#define TRACE nullptr, nullptr, nullptr
#endif

#if VM_COVERAGE
void coverage(void* context, const char* path) { static_cast<VerilatedContext*>(context)->coveragep()->write(path); }
#define COVERAGE coverage
#else
#define COVERAGE nullptr
#endif

}  // namespace

const Model rtloom_table = {ports, sizeof(ports) / sizeof(ports[0]) - 1, create, destroy, evaluate, TRACE, COVERAGE};
