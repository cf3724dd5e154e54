// What the shim knows of a verilated model, and what Python tells the shim; mirrored in native.py.
#pragma once
#include <cstdint>

struct Port {
    const char* name;
    int32_t width;   // bits
    int32_t output;  // 1 for an output of the design
    int32_t bytes;   // of its storage, at least the width
    void* (*address)(void* top);
};

struct Model {
    const Port* ports;
    int32_t count;
    void* (*create)(void* context);
    void (*destroy)(void* top);
    void (*evaluate)(void* top);
    void* (*trace_open)(void* context, void* top, const char* path);  // null where tracing is not built in
    void (*trace_dump)(void* trace, uint64_t time);
    void (*trace_close)(void* trace);
    void (*coverage)(void* context, const char* path);  // null where coverage is not built in
};

// Defined for each design in model.cpp.
extern const Model rtloom_table;
