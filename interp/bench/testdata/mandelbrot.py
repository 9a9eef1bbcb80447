def main():
    size, limit = 300, 50
    inside = 0
    for py in range(size):
        for px in range(size):
            cr = 2 * px / size - 1.5
            ci = 2 * py / size - 1
            zr = zi = 0.0
            n = 0
            while n < limit and zr * zr + zi * zi <= 4:
                zr, zi = zr * zr - zi * zi + cr, 2 * zr * zi + ci
                n += 1
            if n == limit:
                inside += 1
    print(inside)


main()
