def main():
    keys = ["key" + str(i) for i in range(50_000)]
    counts = {}
    size = len(keys)
    for i in range(5_000_000):
        k = keys[i * 7919 % size]
        counts[k] = counts.get(k, 0) + (i & 3)
    print(len(counts), sum(counts.values()))


main()
