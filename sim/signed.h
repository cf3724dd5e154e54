// Sign extension and signed products in the form that compilers turn into single instructions; included before the
// model. The same as verilated_funcs.h for every operand without bits above its width, which is all that a model passes.
#pragma once
#include "verilated.h"

static inline IData rtloom_extend(int bits, IData value) {
    return static_cast<IData>(static_cast<int32_t>(value << (32 - bits)) >> (32 - bits));
}

static inline IData rtloom_multiply(int bits, IData left, IData right) {
    return rtloom_extend(bits, left) * rtloom_extend(bits, right);
}

#define VL_EXTENDS_II(to, from, value) rtloom_extend(from, value)
#define VL_MULS_III(bits, left, right) rtloom_multiply(bits, left, right)
