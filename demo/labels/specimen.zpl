^XA
^FX A specimen label as a laboratory prints it: 50 x 25 mm at 203 dpi.
^PW400
^LL200
^CI28
^FO20,20^A0N,28,28^FDqconn demo laboratory^FS
^FO20,55^GB360,2,2^FS
^FO20,70^A0N,24,24^FDSpecimen  L26-0042-17^FS
^FO20,100^A0N,24,24^FDSerum, fasting^FS
^FO20,130^BCN,45,N,N,N^FDL26004217^FS
^FO290,70^BQN,2,3^FDQA,L26-0042-17^FS
^PQ1
^XZ
