// Drive a verilated model from arrays: streams with valid and ready, their rules checked in every cycle.
// Knows no design; compiled once. The structures are mirrored in native.py.
#include "shim.h"
#include "verilated.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

double sc_time_stamp() { return 0; }

extern "C" {

struct Stream {
    int32_t valid, ready, data, last;  // indices of ports; last is -1 if there is none
    int32_t input;                     // 1: we offer beats, 0: we take them
    int32_t waits;                     // out: 1 if a beat is offered and not taken at the end
    int64_t bytes, count;              // of one beat; beats
    uint8_t* payload;                  // count x bytes
    uint8_t* lasts;                    // count, or null
    int64_t* cycles;                   // out: cycle of each transfer, or null
    const uint8_t* go;                 // pattern, or null for always
    int64_t go_length;
    int64_t moved, first, final, stalls;  // out: transfers, cycle of the first and of the last, cycles waited
    int64_t longest_stall, idle, longest_idle, back_to_back;  // out: as activity.py says
    int64_t moved_at_reset, waits_at_reset;  // out: as it stood when a reset in mid-flight came
};

struct Job {
    int32_t clock, reset, reset_active;
    int32_t reset_cycles;
    int64_t reset_at;       // cycles before a reset in mid-flight, or -1
    int64_t max_cycles;     // or -1
    int64_t patience;       // cycles without any transfer that are a deadlock
    int64_t quiet;          // cycles after the end in which nothing may come
    int64_t probe;          // valid is read with ready low and high in so many cycles, then once in so many
    int64_t cycles;         // out
    int64_t error_cycle;    // out
    int32_t error, error_stream;  // out
    int32_t before_reset;   // out: 1 if the error lies before the reset in mid-flight
    int32_t held;           // input that holds held_value throughout, or -1
    int64_t held_value;
    int64_t patient;        // 1: outputs are taken only once they are offered
    int64_t strained;       // out: cycles in which an output waited while an input was idle
};

enum Error {
    NONE, VALID_DROPPED, DATA_CHANGED, LAST_CHANGED, TOO_MANY, DEADLOCK, TOO_LONG, WAITS_FOR_READY, VALID_IN_RESET,
    ASSERTION
};

}  // extern "C"

namespace {

struct Instance {
    std::unique_ptr<VerilatedContext> context;
    void* top = nullptr;
    void* trace = nullptr;
    uint64_t time = 0;
    ~Instance() {
        if (trace) rtloom_table.trace_close(trace);
        if (top) rtloom_table.destroy(top);
    }
};

constexpr uint64_t HALF_PERIOD = 5;

// One side of the stream that is ours, cycle by cycle.
struct End {
    Stream& s;
    uint8_t *valid, *ready, *data, *last;
    std::vector<uint8_t> waiting;  // payload that was offered and not taken in the cycle before
    uint8_t waiting_last = 0;
    bool waits = false;     // output: the design waits for us; input: we wait for the design
    bool rubbish = false;   // input: the wires already hold rubbish
    bool transfer = false;
    bool idle_now = false, moved_before = false;
    int64_t stalled = 0, idling = 0;  // cycles in a row
    int64_t at = 0;         // position in the pattern
    const size_t bytes;

    End(Stream& stream, void* top)
        : s(stream), valid(wire(stream.valid, top)), ready(wire(stream.ready, top)), data(wire(stream.data, top)),
          last(stream.last < 0 ? nullptr : wire(stream.last, top)), waiting(stream.bytes), bytes(stream.bytes) {
        s.moved_at_reset = s.waits_at_reset = 0;
        restart();
    }

    void restart() {
        s.moved = s.first = s.final = s.stalls = 0;
        s.longest_stall = s.idle = s.longest_idle = s.back_to_back = 0;
        stalled = idling = 0;
        waits = moved_before = false;
        at = 0;
    }

    // Count what the cycle was for the stream.
    void note() {
        idle_now = !transfer && !waits && s.moved < s.count;
        stalled = waits ? stalled + 1 : 0;
        idling = idle_now ? idling + 1 : 0;
        s.longest_stall = std::max(s.longest_stall, stalled);
        s.idle += idle_now;
        s.longest_idle = std::max(s.longest_idle, idling);
        s.back_to_back += transfer && moved_before;
        moved_before = transfer;
    }

    static uint8_t* wire(int32_t port, void* top) { return static_cast<uint8_t*>(rtloom_table.ports[port].address(top)); }

    bool go() {
        if (!s.go) return true;
        const bool willing = s.go[at];
        if (++at == s.go_length) at = 0;
        return willing;
    }

    // While valid is low the wires hold the complement: a design that reads them all the same is found out.
    void idle() {
        *valid = 0;
        if (rubbish) return;
        for (size_t i = 0; i < bytes; ++i) data[i] = ~data[i];
        if (last) *last ^= 1;
        rubbish = true;
    }

    void offer() {
        const bool willing = go();
        if (waits) return;
        if (!willing || s.moved == s.count) return idle();
        std::memcpy(data, s.payload + s.moved * bytes, bytes);
        if (last) *last = s.lasts[s.moved];
        *valid = 1;
        rubbish = false;
    }

    void moved_in(int64_t cycle) {
        if (s.cycles) s.cycles[s.moved] = cycle;
        if (!s.moved++) s.first = cycle;
        s.final = cycle;
    }

    // An input just before the clock edge.
    void sent(int64_t cycle) {
        transfer = *valid && *ready;
        waits = *valid && !*ready;
        s.stalls += waits;
        if (transfer) moved_in(cycle);
    }

    // An output just before the clock edge: check the rules, take the beat.
    Error received(int64_t cycle) {
        transfer = false;
        if (!*valid) return waits ? VALID_DROPPED : NONE;
        if (s.moved == s.count) return TOO_MANY;
        if (waits) {
            if (std::memcmp(waiting.data(), data, bytes)) return DATA_CHANGED;
            if (last && *last != waiting_last) return LAST_CHANGED;
        }
        transfer = *ready;
        if (transfer) {
            std::memcpy(s.payload + s.moved * bytes, data, bytes);
            if (last) s.lasts[s.moved] = *last;
            moved_in(cycle);
        } else if (!waits) {
            std::memcpy(waiting.data(), data, bytes);
            if (last) waiting_last = *last;
        }
        waits = !transfer;
        s.stalls += waits;
        return NONE;
    }
};

class Runner {
  public:
    Runner(Instance& instance, Job& job, Stream* streams, int count)
        : m_(instance), job_(job), clock_(End::wire(job.clock, instance.top)), reset_(End::wire(job.reset, instance.top)) {
        for (int i = 0; i < count; ++i) ends_.emplace_back(streams[i], instance.top);
        for (End& end : ends_) (end.s.input ? inputs_ : outputs_).push_back(&end);
        if (job.held >= 0) std::memcpy(End::wire(job.held, instance.top), &job.held_value, held_bytes(job.held));
    }

    static size_t held_bytes(int32_t port) { return std::min<size_t>(rtloom_table.ports[port].bytes, sizeof(int64_t)); }

    void run() {
        if (!reset()) return;
        if (job_.reset_at >= 0) {
            job_.before_reset = 1;
            for (int64_t cycle = 1; cycle <= job_.reset_at; ++cycle)
                if (!step(cycle)) return;
            restart();
            if (!reset()) return;
            job_.before_reset = 0;
        }
        if (stream()) quiet();
    }

  private:
    Instance& m_;
    Job& job_;
    uint8_t *clock_, *reset_;
    std::vector<End> ends_;
    std::vector<End*> inputs_, outputs_;

    void dump() {
        rtloom_table.trace_dump(m_.trace, m_.time);
        m_.time += HALF_PERIOD;
    }

    // First half of a cycle: inputs take effect. In a trace they change with the clock edge, as registers would.
    void settle() {
        if (m_.trace) {
            rtloom_table.evaluate(m_.top);
            dump();
        }
        *clock_ = 0;
        rtloom_table.evaluate(m_.top);
        if (m_.trace) dump();
    }

    void edge() {
        *clock_ = 1;
        rtloom_table.evaluate(m_.top);
    }

    bool fail(Error error, const End* end, int64_t cycle) {
        job_.error = error;
        job_.error_stream = end ? static_cast<int32_t>(end - ends_.data()) : -1;
        job_.error_cycle = cycle;
        for (End& each : ends_) each.s.waits = each.waits;
        // So that a trace shows the cycle after the fault as well.
        if (m_.trace) edge(), settle();
        return false;
    }

    bool reset() {
        *reset_ = job_.reset_active;
        for (End* end : inputs_) end->idle();
        for (End* end : outputs_) *end->ready = !job_.patient;
        for (int32_t i = 0; i < job_.reset_cycles; ++i) {
            settle();
            for (End* end : outputs_)
                if (i && *end->valid) return fail(VALID_IN_RESET, end, i + 1);
            edge();
        }
        *reset_ = !job_.reset_active;
        return true;
    }

    void restart() {
        for (End& end : ends_) {
            end.s.moved_at_reset = end.s.moved;
            end.s.waits_at_reset = end.waits;
            end.restart();
        }
        job_.strained = 0;
    }

    // One clock cycle with both ends of every stream.
    bool step(int64_t cycle) {
        for (End* end : inputs_) end->offer();
        for (End* end : outputs_) *end->ready = end->go();
        if (job_.patient) wait_for_valid();
        if (cycle < job_.probe || cycle % job_.probe == 0)
            if (const End* end = waits_for_ready()) return fail(WAITS_FOR_READY, end, cycle);
        settle();
        for (End* end : outputs_)
            if (const Error error = end->received(cycle)) return fail(error, end, cycle);
        for (End* end : inputs_) end->sent(cycle);
        note();
        edge();
        return !m_.context->gotError() || fail(ASSERTION, nullptr, cycle);
    }

    // Count what the cycle was for each stream and for all of them.
    void note() {
        bool waits = false, idle = false;
        for (End& end : ends_) {
            end.note();
            (end.s.input ? idle : waits) |= end.s.input ? end.idle_now : end.waits;
        }
        job_.strained += waits && idle;
    }

    // Take what is offered while every ready is low, and nothing else.
    void wait_for_valid() {
        std::vector<uint8_t> willing;
        for (End* end : outputs_) {
            willing.push_back(*end->ready);
            *end->ready = 0;
        }
        rtloom_table.evaluate(m_.top);
        for (size_t i = 0; i < outputs_.size(); ++i) *outputs_[i]->ready = willing[i] && *outputs_[i]->valid;
    }

    // Read every valid with all readies low, then high; a design whose valid depends on ready is returned.
    const End* waits_for_ready() {
        const End* found = nullptr;
        std::vector<uint8_t> willing, offered;
        for (End* end : outputs_) {
            willing.push_back(*end->ready);
            *end->ready = 0;
        }
        rtloom_table.evaluate(m_.top);
        for (End* end : outputs_) {
            offered.push_back(*end->valid);
            *end->ready = 1;
        }
        rtloom_table.evaluate(m_.top);
        for (size_t i = 0; i < outputs_.size(); ++i) {
            if (*outputs_[i]->valid != offered[i] && !found) found = outputs_[i];
            *outputs_[i]->ready = willing[i];
        }
        return found;
    }

    // Run until every beat has moved.
    bool stream() {
        int64_t still = 0;
        int64_t cycle = 0;
        while (!complete()) {
            if (cycle == job_.max_cycles) return fail(TOO_LONG, nullptr, cycle);
            if (!step(++cycle)) return false;
            bool any = false;
            for (const End& end : ends_) any |= end.transfer;
            still = any ? 0 : still + 1;
            if (still == job_.patience) return fail(DEADLOCK, nullptr, cycle);
        }
        job_.cycles = 0;
        for (const auto& side : {outputs_, inputs_})
            for (const End* end : side)
                if (end->s.final > job_.cycles && (end->s.input == 0 || no_outputs())) job_.cycles = end->s.final;
        last_cycle_ = cycle;
        return true;
    }

    int64_t last_cycle_ = 0;

    bool complete() const {
        for (const End& end : ends_)
            if (end.s.moved != end.s.count) return false;
        return true;
    }

    bool no_outputs() const {
        for (const End* end : outputs_)
            if (end->s.count) return false;
        return true;
    }

    // After the end: nothing may come.
    void quiet() {
        for (End* end : outputs_) end->s.go = nullptr;
        for (int64_t i = 1; i <= job_.quiet; ++i)
            if (!step(last_cycle_ + i)) return;
        if (m_.trace) settle();
    }
};

}  // namespace

extern "C" {

int32_t rtloom_ports() { return rtloom_table.count; }

const char* rtloom_port(int32_t index, int32_t* width, int32_t* output, int32_t* bytes) {
    const Port& port = rtloom_table.ports[index];
    *width = port.width;
    *output = port.output;
    *bytes = port.bytes;
    return port.name;
}

// Run one job on a fresh instance whose registers without initial value hold random bits from `seed`.
// Returns 0, or 1 if the trace cannot be written.
int32_t rtloom_run(Job* job, Stream* streams, int32_t count, int32_t seed, const char* trace, const char* coverage) {
    Instance instance;
    instance.context.reset(new VerilatedContext);
    instance.context->fatalOnError(false);
    instance.context->randReset(2);
    instance.context->randSeed(seed);
    if (trace && rtloom_table.trace_open) instance.context->traceEverOn(true);
    instance.top = rtloom_table.create(instance.context.get());
    if (trace) {
        instance.trace = rtloom_table.trace_open ? rtloom_table.trace_open(instance.context.get(), instance.top, trace) : nullptr;
        if (!instance.trace) return 1;
    }
    Runner(instance, *job, streams, count).run();
    if (coverage && rtloom_table.coverage) rtloom_table.coverage(instance.context.get(), coverage);
    return 0;
}

}  // extern "C"
