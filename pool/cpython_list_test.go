//go:build unix

package pool_test

import (
	"strings"
	"testing"
)

// cpythonTests are the tests of CPython 3.13 that say something about behaviour: their names, without "test_", by class.
var cpythonTests = map[string]string{
	"_TestPool": `apply map starmap starmap_async map_async map_async_callbacks map_unplicklable map_chunksize map_handle_iterable_exception
		async async_timeout imap imap_handle_iterable_exception imap_unordered imap_unordered_handle_iterable_exception make_pool terminate
		empty_iterable context traceback wrapped_exception map_no_failfast release_task_refs enter resource_warning`,
	"_TestPoolWorkerErrors":    `async_error_callback unpickleable_result`,
	"_TestPoolWorkerLifetime":  `pool_worker_lifetime pool_maxtasksperchild_invalid pool_worker_lifetime_early_close worker_finalization_via_atexit_handler_of_multiprocessing`,
	"TestPoolNotLeakOnFailure": `release_unused_processes`,
	"_TestQueue": `put get fork qsize task_done no_import_lock_contention timeout queue_feeder_donot_stop_onexc closed_queue_empty_exceptions
		closed_queue_put_get_exceptions`,
	"_TestLock":        `lock rlock lock_context`,
	"_TestSemaphore":   `semaphore bounded_semaphore timeout_of_a_semaphore`,
	"_TestCondition":   `notify notify_all notify_n timeout_of_a_condition waitfor waitfor_timeout wait_result`,
	"_TestEvent":       `event`,
	"_TestBarrier":     `barrier wait_return action abort reset abort_and_reset timeout_of_a_barrier default_timeout single_thread thousand`,
	"_TestValue":       `value rawvalue getobj_getlock`,
	"_TestArray":       `array accepts_long`,
	"_TestContainers":  `list list_append dict dict_iter`,
	"_TestProcess":     `current process active_children cpu_count recursion sentinel many_processes exit_codes terminate_a_process kill`,
	"_TestConnection":  `connection sendbytes`,
	"ExecutorTest":     `submit map_of_an_executor map_exception map_timeout shutdown_race_issue12456 no_stale_references max_workers_negative free_reference`,
	"ShutdownTests":    `run_after_shutdown submit_after_shutdown hang_issue12364 cancel_futures context_manager_shutdown`,
	"WaitTests":        `first_completed first_completed_some_already_completed first_exception first_exception_some_already_complete first_exception_one_already_failed all_completed timeout_of_wait`,
	"AsCompletedTests": `no_timeout future_times_out zero_timeout duplicate_futures`,
	"FutureTests": `done_callback_with_result done_callback_with_exception done_callback_with_cancel done_callback_raises done_callback_already_successful
		cancel cancelled done running result_with_timeout`,
	"ProcessPoolExecutorTest": `killed_child traceback_of_a_future max_tasks_per_child`,
	"InitializerTests":        `initializer failing_initializer`,
}

// departures are those without a counterpart of their name.
var departures = map[string]string{
	"resource_warning":         "a pool that is not closed is shut down when it becomes unreachable: TestManyPools",
	"release_task_refs":        "what a finished job held is garbage: make bench-pool measures the memory after ten million tasks",
	"traceback":                "RemoteError has the stack: TestFailures",
	"traceback_of_a_future":    "the same",
	"enter":                    "With makes the pool itself, so that it cannot be a closed one",
	"context_manager_shutdown": "Executor has no With: defer ex.Shutdown()",
	"worker_finalization_via_atexit_handler_of_multiprocessing": "workers end with their program, however it ends: TestOrphans",
	"fork":                          "there is no fork",
	"no_import_lock_contention":     "there is no import lock",
	"queue_feeder_donot_stop_onexc": "Put itself refuses what cannot be sent",
	"rawvalue":                      "there are no values without a lock",
	"getobj_getlock":                "Update is the lock of a Value",
	"accepts_long":                  "lengths are ints",
	"recursion":                     "a task uses goroutines for further tasks",
	"sentinel":                      "JoinTimeout is the way to wait for a process",
	"wait_result":                   "WaitTimeout reports it",
	"action":                        "a Barrier has no action: the party with number 0 does it",
	"default_timeout":               "WaitTimeout is the only limit of a Barrier",
	"lock_context":                  "Lock and Unlock serve defer: TestLock",
	"free_reference":                "nobody counts references in Go",
	"no_stale_references":           "nobody counts references in Go",
	"hang_issue12364":               "a future is cancelled by itself or with its executor: cancel_futures",
	"future_times_out":              "AsCompleted has no limit: WaitTimeout has",
	"zero_timeout":                  "AsCompleted has no limit: WaitTimeout has",
	"imap_unordered_handle_iterable_exception": "imap_handle_iterable_exception does both",
	"map_timeout": "NextTimeout bounds each step: TestImap",
}

// TestCPythonList: each test of CPython has a counterpart or a reason.
func TestCPythonList(t *testing.T) {
	known := map[string]bool{}
	for _, names := range cpythonTests {
		for _, name := range strings.Fields(names) {
			known[name] = true
			n := 0
			for _, c := range []conformance{poolTests, queueTests, syncTests, processTests, futureTests} {
				if c["test_"+name] != nil {
					n++
				}
			}
			if departures[name] != "" {
				n++
			}
			if n != 1 {
				t.Errorf("test_%s has %d counterparts", name, n)
			}
		}
	}
	for name := range departures {
		if !known[name] {
			t.Errorf("%s is no test of CPython", name)
		}
	}
}
