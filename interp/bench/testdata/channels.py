import queue
import threading


def produce(n, out):
    for i in range(n):
        out.put(i)
    out.put(None)


def main():
    c = queue.Queue(100)
    threading.Thread(target=produce, args=(1_000_000, c)).start()
    total = 0
    while (v := c.get()) is not None:
        total += v
    print(total)


main()
