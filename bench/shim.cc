/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench/shim.h"

#include <cstring>
#include <memory>
#include <vector>

#include <benchmark/benchmark.h>

namespace {

/* Google Benchmark hangs its own bookkeeping on every name ("/iterations:1/manual_time") and counts one iteration. In
 * the output a name is what it was registered as, an iteration is a round, and its time the median of the rounds. */
std::vector<benchmark::BenchmarkReporter::Run> cleaned(const std::vector<benchmark::BenchmarkReporter::Run> &runs) {
  std::vector<benchmark::BenchmarkReporter::Run> result(runs);
  for (benchmark::BenchmarkReporter::Run &run : result) {
    run.run_name.iterations.clear();
    run.run_name.time_type.clear();
    const auto rounds = run.counters.find("rounds");
    if (run.run_type == benchmark::BenchmarkReporter::Run::RT_Iteration && rounds != run.counters.end()) {
      const double count = rounds->second.value;
      run.real_accumulated_time *= count;
      run.cpu_accumulated_time = run.real_accumulated_time;
      run.iterations = static_cast<benchmark::IterationCount>(count);
    }
  }
  return result;
}

class JsonReporter : public benchmark::JSONReporter {
public:
  void ReportRuns(const std::vector<Run> &runs) override {
    benchmark::JSONReporter::ReportRuns(cleaned(runs));
  }
};

/* Passes what Google Benchmark would show on through the cleaning. */
class CleanReporter : public benchmark::BenchmarkReporter {
public:
  explicit CleanReporter(benchmark::BenchmarkReporter *shown) : shown_(shown) {
  }
  bool ReportContext(const Context &context) override {
    return shown_->ReportContext(context);
  }
  void ReportRuns(const std::vector<Run> &runs) override {
    shown_->ReportRuns(cleaned(runs));
  }
  void Finalize() override {
    shown_->Finalize();
  }

private:
  std::unique_ptr<benchmark::BenchmarkReporter> shown_;
};

class SilentReporter : public benchmark::BenchmarkReporter {
public:
  bool ReportContext(const Context &) override {
    return true;
  }
  void ReportRuns(const std::vector<Run> &) override {
  }
};

void run_benchmark(benchmark::State &state, bench_shim_run *run, void *user) {
  for (auto _ : state) {
    bench_shim_result result = {};
    run(user, &result);
    if (result.error) {
      state.SkipWithError(result.error);
      break;
    }
    state.SetIterationTime(result.seconds);
    state.SetLabel(result.label);
    for (size_t i = 0; i < result.counter_count; ++i)
      state.counters[result.counters[i].name] = result.counters[i].value;
    state.counters["rounds"] = static_cast<double>(result.rounds);
  }
}

} // namespace

void bench_shim_register(const char *name, bench_shim_run *run, void *user) {
  benchmark::RegisterBenchmark(name, run_benchmark, run, user)
      ->Iterations(1)
      ->UseManualTime()
      ->Unit(benchmark::kMillisecond);
}

void bench_shim_context(const char *key, const char *value) {
  benchmark::AddCustomContext(key, value);
}

void bench_shim_main(int argc, char **argv, bool silent) {
  bool to_file = false;
  for (int i = 1; i < argc; ++i)
    to_file = to_file || std::strncmp(argv[i], "--benchmark_out=", 16) == 0;
  benchmark::Initialize(&argc, argv);
  std::unique_ptr<benchmark::BenchmarkReporter> display;
  if (silent)
    display.reset(new SilentReporter);
  else
    display.reset(new CleanReporter(benchmark::CreateDefaultDisplayReporter()));
  JsonReporter file;
  benchmark::RunSpecifiedBenchmarks(display.get(), to_file ? &file : nullptr);
  benchmark::Shutdown();
}
