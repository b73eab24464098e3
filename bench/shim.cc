/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench/shim.h"

#include <cstdlib>
#include <cstring>
#include <iostream>
#include <limits>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

namespace {

using benchmark::BenchmarkReporter;
using Run = BenchmarkReporter::Run;

/* Carries CPU time through Google Benchmark's statistics; no reporter sees it. */
const char cpu_seconds[] = "cpu_seconds";

struct Added {
  bench_shim_benchmark benchmark;
  size_t next; /* run */
};

std::map<std::string, Added> &added() {
  static std::map<std::string, Added> all;
  return all;
}

const bench_shim_run &run_of(const bench_shim_benchmark &benchmark, size_t repetition) {
  return benchmark.runs[repetition < benchmark.run_count ? repetition : benchmark.run_count - 1];
}

/* Google Benchmark hangs its own bookkeeping on every name ("/iterations:1/manual_time"), counts one iteration and one
 * thread, and takes the CPU time of handing over. Here are a run's own figures again. */
Run cleaned(const Run &original) {
  Run run(original);
  run.run_name.iterations.clear();
  run.run_name.time_type.clear();
  const bench_shim_benchmark &benchmark = added().at(run.run_name.function_name).benchmark;
  run.threads = benchmark.threads;
  if (run.run_type == Run::RT_Iteration && !run.error_occurred) {
    const bench_shim_run &own = run_of(benchmark, static_cast<size_t>(run.repetition_index));
    run.iterations = static_cast<benchmark::IterationCount>(own.iterations);
    run.real_accumulated_time = own.seconds * static_cast<double>(own.iterations);
  }
  const auto cpu = run.counters.find(cpu_seconds);
  if (cpu != run.counters.end()) {
    const bool is_time = run.aggregate_unit == benchmark::kTime;
    run.cpu_accumulated_time = cpu->second.value * (is_time ? static_cast<double>(run.iterations) : 1);
    run.counters.erase(cpu);
  }
  return run;
}

/* Passes cleaned runs on. */
class Cleaner : public BenchmarkReporter {
public:
  explicit Cleaner(BenchmarkReporter *reporter) : reporter_(reporter) {
  }
  bool ReportContext(const Context &context) override {
    return reporter_->ReportContext(context);
  }
  void ReportRuns(const std::vector<Run> &runs) override {
    std::vector<Run> clean;
    for (const Run &run : runs)
      clean.push_back(cleaned(run));
    reporter_->ReportRuns(clean);
  }
  void Finalize() override {
    reporter_->Finalize();
  }

private:
  std::unique_ptr<BenchmarkReporter> reporter_;
};

/* Google Benchmark's JSON with further members. */
class Json : public benchmark::JSONReporter {
public:
  explicit Json(std::ostream *to) : to_(to) {
    SetOutputStream(&part_);
  }

  /* "library_build_type" is how the library was built that measures: this one, not Google Benchmark. */
  bool ReportContext(const Context &context) override {
    const bool good = benchmark::JSONReporter::ReportContext(context);
    std::string text = taken();
    const std::string key = "\"library_build_type\": \"";
    const size_t at = text.find(key);
    if (at != std::string::npos) {
      const size_t value = at + key.size();
#ifdef NDEBUG
      text.replace(value, text.find('"', value) - value, "release");
#else
      text.replace(value, text.find('"', value) - value, "debug");
#endif
    }
    *to_ << text;
    return good;
  }

  void ReportRuns(const std::vector<Run> &runs) override {
    for (const Run &run : runs) {
      benchmark::JSONReporter::ReportRuns({run});
      std::string text = taken();
      const bench_shim_benchmark &benchmark = added().at(run.run_name.function_name).benchmark;
      if (run.run_type == Run::RT_Iteration && !run.error_occurred) {
        const char *members = run_of(benchmark, static_cast<size_t>(run.repetition_index)).members;
        if (members)
          text.insert(text.rfind("\n    }"), std::string(",\n      ") + members);
      }
      *to_ << text;
    }
  }

  void Finalize() override {
    benchmark::JSONReporter::Finalize();
    *to_ << taken();
  }

private:
  std::string taken() {
    const std::string text = part_.str();
    part_.str("");
    return text;
  }

  std::ostringstream part_;
  std::ostream *to_;
};

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
/* The first run sets the columns, so it gets every counter that there is. */
class Csv : public benchmark::CSVReporter {
public:
  explicit Csv(std::ostream *to) {
    SetOutputStream(to);
  }
  void ReportRuns(const std::vector<Run> &runs) override {
    std::vector<Run> complete(runs);
    for (Run &run : complete)
      for (const auto &other : added())
        for (size_t i = 0; i < other.second.benchmark.run_count; ++i) {
          const bench_shim_run &own = other.second.benchmark.runs[i];
          for (size_t c = 0; c < own.counter_count; ++c)
            run.counters.emplace(own.counters[c].name, std::numeric_limits<double>::quiet_NaN());
        }
    benchmark::CSVReporter::ReportRuns(complete);
  }
};
#pragma GCC diagnostic pop

class Silent : public BenchmarkReporter {
public:
  bool ReportContext(const Context &) override {
    return true;
  }
  void ReportRuns(const std::vector<Run> &) override {
  }
};

BenchmarkReporter *reporter_for(bench_format format, std::ostream *to) {
  switch (format) {
  case BENCH_FORMAT_JSON:
    return new Json(to);
  case BENCH_FORMAT_CSV:
    return new Csv(to);
  case BENCH_FORMAT_CONSOLE:
    if (to == &std::cout)
      return benchmark::CreateDefaultDisplayReporter(); /* knows about colours */
    {
      BenchmarkReporter *console = new benchmark::ConsoleReporter(benchmark::ConsoleReporter::OO_None);
      console->SetOutputStream(to);
      return console;
    }
  default:
    return new Silent;
  }
}

void hand_over(benchmark::State &state, Added *one) {
  for (auto _ : state) {
    const bench_shim_run &run = run_of(one->benchmark, one->next++);
    if (run.error) {
      state.SkipWithError(run.error);
      break;
    }
    state.SetIterationTime(run.seconds);
    state.SetLabel(one->benchmark.label);
    for (size_t i = 0; i < run.counter_count; ++i)
      state.counters[run.counters[i].name] = run.counters[i].value;
    state.counters[cpu_seconds] = run.cpu_seconds;
  }
}

} // namespace

void bench_shim_add(const bench_shim_benchmark *one) {
  static const benchmark::TimeUnit units[] = {benchmark::kNanosecond, benchmark::kMicrosecond, benchmark::kMillisecond,
                                              benchmark::kSecond};
  Added *kept = &(added()[one->name] = {*one, 0});
  benchmark::RegisterBenchmark(one->name, hand_over, kept)->Iterations(1)->UseManualTime()->Unit(units[one->unit]);
}

void bench_shim_context(const char *key, const char *value) {
  benchmark::AddCustomContext(key, value);
}

bool bench_shim_write(int argc, char **argv, bench_format shown, bench_format kept, char **text, size_t *size) {
  /* Google Benchmark calls a second reporter only if it may open a file for it. */
  char no_file[] = "--benchmark_out=/dev/null";
  std::vector<char *> arguments(argv, argv + argc);
  /* It writes down the program's name; the folders before it are the user's own affair. */
  if (argc > 0)
    arguments[0] = basename(argv[0]);
  arguments.push_back(no_file);
  int count = static_cast<int>(arguments.size());
  arguments.push_back(nullptr);
  benchmark::Initialize(&count, arguments.data());
  std::ostringstream file;
  Cleaner display(reporter_for(shown, &std::cout)), writer(reporter_for(kept, &file));
  benchmark::RunSpecifiedBenchmarks(&display, &writer);
  benchmark::Shutdown();
  std::cout.flush();
  const std::string written = file.str();
  *size = written.size();
  *text = strdup(written.c_str());
  return *text && std::cout.good();
}
