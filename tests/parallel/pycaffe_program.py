"""A program that trains on two devices as pycaffe's own does; ``import caffe`` is minicaffe."""

from multiprocessing import Process

import caffe


def solve(proto, gpus, uid, rank):
    caffe.set_solver_count(len(gpus))
    caffe.set_solver_rank(rank)
    caffe.set_multiprocess(True)
    solver = caffe.SGDSolver(proto)
    nccl = caffe.NCCL(solver, uid)
    nccl.bcast()
    timer = caffe.Timer()
    if rank == 0:  # with the time of each step
        solver.add_callback(timer.start, lambda: "")
        solver.add_callback(nccl)
        solver.add_callback(lambda: "", timer.stop)
    else:
        solver.add_callback(nccl)
    if solver.param.layer_wise_reduce:
        solver.net.after_backward(nccl)
    solver.step(solver.param.max_iter)


if __name__ == "__main__":
    uid = caffe.NCCL.new_uid()
    caffe.init_log()
    caffe.log("two devices")
    processes = []
    for rank in range(2):
        process = Process(target=solve, args=("solver.prototxt", [0, 1], uid, rank))
        process.daemon = True
        process.start()
        processes.append(process)
    for process in processes:
        process.join()
