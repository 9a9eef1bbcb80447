def main():
    total = 0
    for i in range(1_000_000):
        total += len("%d:%s:%.2f" % (i, "item", i / 3))
    print(total)


main()
