// Drive a verilated board from its serial line: bytes become bits of rx, bits of tx become bytes.
// Knows no design; compiled once and linked beside the shim. Called by model.py.
#include "shim.h"
#include "verilated.h"

#include <cstring>
#include <deque>
#include <memory>

namespace {

constexpr int BITS = 10;  // start bit, eight of data lowest first, stop bit
constexpr int RESET_CYCLES = 4;

class Line {
  public:
    Line(int32_t clock, int32_t reset, int32_t rx, int32_t tx, int64_t clocks, int32_t seed) : clocks_(clocks) {
        context_->fatalOnError(false);
        context_->randReset(2);
        context_->randSeed(seed);
        top_ = rtloom_table.create(context_.get());
        clock_ = wire(clock);
        rx_ = wire(rx);
        tx_ = wire(tx);
        uint8_t* held = wire(reset);
        *rx_ = 1;
        *held = 1;
        for (int i = 0; i < RESET_CYCLES; ++i) cycle();
        *held = 0;
    }

    ~Line() { rtloom_table.destroy(top_); }

    // Run so many cycles; returns the bytes that came, or -1 once an assertion of the design has failed.
    int64_t step(int64_t cycles, const uint8_t* send, int64_t count, uint8_t* received) {
        waiting_.insert(waiting_.end(), send, send + count);
        int64_t came = 0;
        for (int64_t i = 0; i < cycles; ++i) {
            *rx_ = next_bit();
            cycle();
            if (heard()) received[came++] = static_cast<uint8_t>(shift_);
        }
        return context_->gotError() ? -1 : came;
    }

    // Bytes that have not gone over rx yet, the one on its way among them.
    int64_t unsent() const { return static_cast<int64_t>(waiting_.size()) + (send_left_ > 0); }

    int64_t broken = 0;  // bytes of tx without a stop bit

  private:
    const std::unique_ptr<VerilatedContext> context_{new VerilatedContext};
    const int64_t clocks_;
    void* top_;
    uint8_t *clock_, *rx_, *tx_;
    std::deque<uint8_t> waiting_;
    uint32_t send_ = 0;
    int64_t send_left_ = 0;     // cycles until the byte on its way has gone
    uint32_t shift_ = 0;
    int64_t until_sample_ = 0;  // cycles
    int bits_left_ = 0;         // of the byte that comes; 0 between bytes

    uint8_t* wire(int32_t port) const { return static_cast<uint8_t*>(rtloom_table.ports[port].address(top_)); }

    void cycle() {
        *clock_ = 0;
        rtloom_table.evaluate(top_);
        *clock_ = 1;
        rtloom_table.evaluate(top_);
    }

    uint8_t next_bit() {
        if (!send_left_) {
            if (waiting_.empty()) return 1;
            send_ = (waiting_.front() << 1) | (1u << (BITS - 1));
            waiting_.pop_front();
            send_left_ = BITS * clocks_;
        }
        const int64_t bit = BITS - 1 - (send_left_ - 1) / clocks_;
        --send_left_;
        return (send_ >> bit) & 1;
    }

    // Look at tx after a cycle; true where it has ended a byte, which is then in shift_.
    bool heard() {
        const bool level = *tx_ & 1;
        if (!bits_left_) {
            if (!level) bits_left_ = BITS, until_sample_ = clocks_ / 2;
            return false;
        }
        if (--until_sample_ > 0) return false;
        until_sample_ = clocks_;
        if (bits_left_ == BITS && level) {  // too short for a start bit
            bits_left_ = 0;
            return false;
        }
        if (--bits_left_) {
            shift_ = (shift_ >> 1) | (level ? 0x80u : 0u);
            return false;
        }
        broken += !level;
        return level;
    }
};

}  // namespace

extern "C" {

void* rtloom_line_open(int32_t clock, int32_t reset, int32_t rx, int32_t tx, int64_t clocks_per_bit, int32_t seed) {
    return new Line(clock, reset, rx, tx, clocks_per_bit, seed);
}

void rtloom_line_close(void* line) { delete static_cast<Line*>(line); }

// `received` has room for a byte in every eight bits' time, and one.
int64_t rtloom_line_step(void* line, int64_t cycles, const uint8_t* send, int64_t count, uint8_t* received) {
    return static_cast<Line*>(line)->step(cycles, send, count, received);
}

int64_t rtloom_line_unsent(void* line) { return static_cast<Line*>(line)->unsent(); }

int64_t rtloom_line_broken(void* line) { return static_cast<Line*>(line)->broken; }

}  // extern "C"
