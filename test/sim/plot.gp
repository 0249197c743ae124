# SPDX-License-Identifier: BSD-2-Clause
# gnuplot -e "dir='build/sim'" plot.gp
set terminal svg size 800,480 background "white"
set grid
set key outside
set output dir."/share.svg"
set title "Three equal VMs on two pCPUs: share of the machine in each 100 ms"
set xlabel "s"; set yrange [0:0.7]
plot for [p in "fair rr fixed"] for [i=2:4] dir."/share-".p.".dat" using 1:i with lines title p." ".(i-1)
set output dir."/lag.svg"
set title "Lag of runnable vCPUs against the ideal, 32 mixed vCPUs on 8 pCPUs"
set xlabel "ms behind"; set ylabel "%"; set yrange [0:*]
plot for [p in "fair rr fixed"] dir."/lag-".p.".dat" using 1:2 with steps title p
set output dir."/cost.svg"
set title "Steps of each operation of fair, 16 pCPUs"
set xlabel "vCPUs"; set ylabel "steps"; set logscale x 2
plot dir."/cost-fair.dat" using 1:2 with linespoints title "mean", dir."/cost-fair.dat" using 1:3 with linespoints title "worst"
