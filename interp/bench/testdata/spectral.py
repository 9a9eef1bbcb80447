from math import sqrt


def a(i, j):
    return 1 / ((i + j) * (i + j + 1) // 2 + i + 1)


def mul_av(v, av):
    for i in range(len(av)):
        total = 0.0
        for j in range(len(v)):
            total += a(i, j) * v[j]
        av[i] = total


def mul_atv(v, atv):
    for i in range(len(atv)):
        total = 0.0
        for j in range(len(v)):
            total += a(j, i) * v[j]
        atv[i] = total


def main():
    n = 300
    u, v, t = [1.0] * n, [0.0] * n, [0.0] * n
    for _ in range(10):
        mul_av(u, t)
        mul_atv(t, v)
        mul_av(v, t)
        mul_atv(t, u)
    vbv = vv = 0.0
    for i in range(n):
        vbv += u[i] * v[i]
        vv += v[i] * v[i]
    print(f"{sqrt(vbv / vv):.9f}")


main()
